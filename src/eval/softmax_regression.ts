import { type DeviceOptions, type OpenDevice, openDevice } from "../gpu/device.ts";
import { assertFits, PlanRecorder, type Remedies } from "../gpu/plan.ts";
import { PlanRunner } from "../gpu/runner.ts";
import { type Tensor, view } from "../gpu/tensor.ts";
import { fill } from "../ops/fill.ts";
import { labelCrossEntropy } from "../ops/label_cross_entropy.ts";
import { matmul } from "../ops/matmul.ts";
import type { Evaluated } from "./lbfgs.ts";
import { rowsOf, type Vectors } from "./nearest.ts";

/** Rows of one product; a multiple of 64, so that parts of the losses begin where bindings may. */
const CHUNK_ROWS = 16_384;

const REMEDIES: Remedies = {
  batch: "take fewer images",
  model: "take fewer numbers of each image (tokens=cls), or a smaller model",
};

/** Some rows of vectors on the GPU. */
interface Chunk {
  x: Tensor; // [rows, width]
  first: number;
}

/** What is on the GPU, and what comes back. */
interface Recorded {
  weights: Tensor; // [classes, width]
  train: Chunk[];
  others: (Chunk & { logits: Tensor })[];
  losses: Tensor; // [train rows]
  gradient: Tensor; // [classes, width]
  gram: Tensor; // [width, width]
}

/**
 * The mean cross-entropy of a linear classifier of vectors, with its gradient, computed on the GPU
 * that keeps the vectors; and what the classifier says of other vectors.
 */
export class SoftmaxRegression implements Disposable {
  readonly #open: OpenDevice;
  readonly #runner: PlanRunner;
  readonly #recorded: Recorded;
  readonly #classes: number;

  private constructor(open: OpenDevice, runner: PlanRunner, recorded: Recorded, classes: number) {
    this.#open = open;
    this.#runner = runner;
    this.#recorded = recorded;
    this.#classes = classes;
  }

  /**
   * @param train Vectors whose classes are `labels`.
   * @param others Vectors to be classified.
   * @throws {GpuError} If there is no adapter, or the vectors do not fit it.
   */
  static async open(
    { train, labels, others, classes }: {
      train: Vectors;
      labels: Uint32Array;
      others: Vectors;
      classes: number;
    },
    device: DeviceOptions = {},
  ): Promise<SoftmaxRegression> {
    const open = await openDevice(device);
    try {
      const recorder = new PlanRecorder(open.facts);
      const recorded = record(recorder, { train, labels, others, classes });
      const plan = recorder.finish();
      assertFits(plan, undefined, REMEDIES);
      const runner = await PlanRunner.build(plan, open);
      for (const [set, chunks] of [[train, recorded.train], [others, recorded.others]] as const) {
        for (const { x, first } of chunks) runner.write(x, part(set, first, x.shape[0]));
      }
      return new SoftmaxRegression(open, runner, recorded, classes);
    } catch (error) {
      open.close();
      throw error;
    }
  }

  /** Loss and gradient at some weights, `[classes, width]`. */
  async evaluate(weights: Float64Array): Promise<Evaluated> {
    this.#write(weights);
    this.#runner.run("gradient");
    const losses = await this.#runner.download(this.#recorded.losses);
    const gradient = await this.#runner.download(this.#recorded.gradient);
    return {
      value: losses.reduce((sum, loss) => sum + loss, 0),
      gradient: Float64Array.from(gradient),
    };
  }

  /** Products of the vectors' columns, `[width, width]`: what the Hessian is made of. */
  async gram(): Promise<Float32Array> {
    this.#runner.run("gram");
    return await this.#runner.download(this.#recorded.gram);
  }

  /** What a classifier says of the other vectors: for each `[classes]`, in their order. */
  async *scores(weights: Float64Array): AsyncGenerator<Float32Array> {
    this.#write(weights);
    this.#runner.run("scores");
    for (const { logits } of this.#recorded.others) {
      const values = await this.#runner.download(logits);
      for (let start = 0; start < values.length; start += this.#classes) {
        yield values.subarray(start, start + this.#classes);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
    this.#open.close();
  }

  #write(weights: Float64Array): void {
    this.#runner.write(this.#recorded.weights, Float32Array.from(weights));
  }
}

function record(
  recorder: PlanRecorder,
  { train, labels, others, classes }: {
    train: Vectors;
    labels: Uint32Array;
    others: Vectors;
    classes: number;
  },
): Recorded {
  const { width } = train;
  const rows = rowsOf(train);
  const recorded: Recorded = {
    weights: recorder.keep("parameters", [classes, width], "weights"),
    train: chunksOf(recorder, train, classes, "train"),
    others: chunksOf(recorder, others, classes, "others").map((chunk, i) => ({
      ...chunk,
      logits: recorder.keep("state", [chunk.x.shape[0], classes], `others.${i}.logits`),
    })),
    losses: recorder.keep("state", [rows], "losses"),
    gradient: recorder.keep("gradients", [classes, width], "gradient"),
    gram: recorder.keep("state", [width, width], "gram"),
  };
  const { weights, gradient, losses } = recorded;
  recorder.phase("gradient");
  fill(recorder, gradient, 0);
  for (const { x, first } of recorded.train) {
    const [count] = x.shape;
    const truth = recorder.constant(labels.subarray(first, first + count), [count], "labels");
    const share = recorder.constant(new Float32Array(count).fill(1 / rows), [count], "share");
    const logits = matmul(recorder, x, weights, { transposeB: true }); // [rows, classes]
    labelCrossEntropy(recorder, logits, truth, share, view(losses, [count], first));
    matmul(recorder, logits, x, { transposeA: true, add: gradient });
  }
  recorder.phase("gram");
  fill(recorder, recorded.gram, 0);
  for (const { x } of recorded.train) {
    matmul(recorder, x, x, { transposeA: true, add: recorded.gram });
  }
  recorder.phase("scores");
  for (const { x, logits } of recorded.others) {
    matmul(recorder, x, weights, { transposeB: true, into: logits });
  }
  return recorded;
}

function chunksOf(
  recorder: PlanRecorder,
  vectors: Vectors,
  classes: number,
  name: string,
): Chunk[] {
  const { width } = vectors;
  const fits = Math.floor(recorder.adapter.maxBindingBytes / (4 * Math.max(width, classes)));
  const most = Math.max(64, Math.min(CHUNK_ROWS, fits - fits % 64));
  const rows = rowsOf(vectors);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    const count = Math.min(most, rows - i * most);
    return {
      x: recorder.keep("inputs", [count, width], `${name}.${i}`),
      first: i * most,
    };
  });
}

function part({ values, width }: Vectors, first: number, rows: number): Float32Array {
  return values.subarray(first * width, (first + rows) * width);
}
