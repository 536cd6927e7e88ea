import type { Gpu } from "../gpu/gpu.ts";
import { type DType, elementCount, type Tensor } from "../gpu/tensor.ts";
import { type Parameter, ParameterSet } from "../layers/parameter.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison, Tolerance } from "./comparison.ts";

/** Replays one kind of unit case. */
export type UnitReplay = (unit: UnitCase) => Promise<void>;

/** One unit case: its tensors go by their short names. */
export class UnitCase {
  // deno-lint-ignore no-explicit-any -- every kind has settings of its own; its replay names them
  readonly settings: any;

  constructor(
    readonly gpu: Gpu,
    readonly golden: GoldenCase,
    readonly comparison: Comparison,
    readonly name: string,
  ) {
    this.settings = golden.json.cases[name];
  }

  /** Short names of its tensors that match. */
  names(pattern: RegExp): string[] {
    const prefix = `${this.name}.`;
    return this.golden.names().filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length)).filter((name) => pattern.test(name));
  }

  shape(tensor: string): number[] {
    return this.golden.shape(`${this.name}.${tensor}`);
  }

  f32(tensor: string): Float32Array {
    return this.golden.f32(`${this.name}.${tensor}`);
  }

  i32(tensor: string): Int32Array {
    return this.golden.i32(`${this.name}.${tensor}`);
  }

  /**
   * A recorded tensor in GPU memory, under another shape where one is given.
   *
   * @param dtype As activations are stored if left out.
   */
  upload(
    tensor: string,
    shape: readonly number[] = this.shape(tensor),
    dtype: DType = this.gpu.elem,
  ): Tensor {
    return this.gpu.upload(shape, this.f32(tensor), tensor, dtype);
  }

  /** A recorded tensor in GPU memory as a matrix: all leading axes become rows. */
  uploadRows(tensor: string, dtype?: DType): Tensor {
    const shape = this.shape(tensor);
    const columns = shape[shape.length - 1];
    return this.upload(tensor, [elementCount(shape) / columns, columns], dtype);
  }

  zeros(shape: readonly number[], label: string, dtype: DType = "f32"): Tensor {
    return this.gpu.upload(shape, new Float32Array(elementCount(shape)), label, dtype);
  }

  /** Compares with the tensor of that name. */
  async check(tensor: string, actual: Tensor | ArrayLike<number>, allowed: Tolerance) {
    const values = "storage" in actual ? await this.gpu.download(actual) : actual;
    this.comparison.check(`${this.name}.${tensor}`, values, this.f32(tensor), allowed);
  }

  /** Compares a scalar of the settings. */
  checkSetting(name: string, actual: number, allowed: Tolerance): void {
    this.comparison.check(`${this.name}.${name}`, [actual], [this.settings[name]], allowed);
  }

  /**
   * Makes a layer with the recorded parameters.
   *
   * @param make Declares the layer's parameters.
   * @param prefix What the layer's parameters have before the recorded names.
   */
  layer<Layer>(make: (set: ParameterSet) => Layer, prefix = ""): PlacedLayer<Layer> {
    const set = new ParameterSet();
    const layer = make(set);
    const recorded = (parameter: Parameter) => parameter.name.slice(prefix.length);
    for (const parameter of set.parameters) {
      const { name, shape } = parameter;
      const source = `param.${recorded(parameter)}`;
      const working = parameter.multiplies ? this.upload(source, shape) : undefined;
      const grad = this.zeros(shape, `${name}.grad`);
      parameter.place(this.upload(source, shape, "f32"), grad, working);
    }
    const checkGradients = async () => {
      for (const parameter of set.parameters) {
        await this.check(`grad.${recorded(parameter)}`, parameter.grad, "gradient");
      }
    };
    return { layer, checkGradients };
  }
}

/** A layer with its parameters in GPU memory. */
export interface PlacedLayer<Layer> {
  layer: Layer;
  /** Compares the gradients of all its parameters. */
  checkGradients: () => Promise<void>;
}
