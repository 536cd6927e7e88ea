import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { castWorking } from "../layers/parameter.ts";
import { followTeacher } from "../losses/centering.ts";
import {
  type Centering,
  emptyPrototypeGrad,
  type Features,
  prototypeLoss,
} from "../losses/prototype_loss.ts";
import { packCrops, type Packing } from "../model/crops.ts";
import type { DinoHead, HeadSaved, Prototypes } from "../model/dino_head.ts";
import { type Network, StudentTeacher } from "../model/student_teacher.ts";
import { fill } from "../ops/fill.ts";
import { gatherRows, scatterAddRows } from "../ops/gather_rows.ts";
import { koleo, koleoBackward } from "../ops/koleo.ts";
import { linear } from "../ops/linear.ts";
import { LOSS_SCALE_SIZE, lossScalars } from "../ops/loss_scale.ts";
import { makeSequences } from "../ops/sequences.ts";
import { addSums } from "../ops/sums.ts";
import { ParameterUpdate } from "../optim/parameter_update.ts";
import { addDropPathInputs, dropPathOf, type KeptSequences, keptSequences } from "./drop_path.ts";
import { StepInputs } from "./step_inputs.ts";
import { globalGrid, type StepShape, tokenTables } from "./step_shape.ts";

/** Slots of the metrics tensor. */
export const METRICS = [
  "dino_global",
  "dino_local",
  "ibot",
  "koleo",
  "grad_norm",
  "clip_coef",
  "loss_scale", // this and the next two are 0 where losses are not scaled
  "skipped", // 1 where the gradients were not finite: then norm and coefficient are 0
  "skipped_steps", // of the whole run
  "teacher_entropy", // of the targets that DINO's class tokens get
];

/** Token rows of a network, and what its heads made of them. */
export interface HeadPass {
  head: DinoHead;
  rows: Tensor; // [rows, D], of the backbone
  prototypes: Prototypes;
  saved: HeadSaved;
}

/** Intermediate tensors of a micro-batch: what golden cases compare and tests look at. */
export interface StepTrace {
  teacherTokens: Tensor; // [2·B·tokens, D]
  studentTokens: Tensor; // [T, D], packed
  teacher: { dino: HeadPass; ibot: HeadPass };
  student: { dino: HeadPass; ibot: HeadPass };
  koleoInput: Tensor; // [2·B, D], class tokens before the head
  /** What was subtracted from the teacher's logits, `[K]` each. */
  centers: { dino: Tensor; ibot: Tensor };
}

/**
 * One DINOv2 training step: the whole path on one page.
 *
 * The constructor places everything that outlives a step. The three phases record (or, on a live
 * device, run) their dispatches: `begin`, `accumulate` once for each micro-batch, `update`.
 */
export class TrainStep {
  readonly networks: StudentTeacher;
  readonly inputs = new StepInputs();
  readonly globalViews: Tensor; // [2·B, C, H, W]
  readonly localViews: Tensor; // [L·B, C, h, w]
  readonly dinoCenter: Tensor; // [K]
  readonly ibotCenter: Tensor; // [K]
  readonly metrics: Tensor; // [METRICS.length]
  /** What gradients are scaled by where they are stored as f16, see `updateLossScale()`; `[8]`. */
  readonly lossScale: Tensor | null;
  /** Class tokens of the last micro-batch's global views, before the head: are they still apart? */
  readonly clsFeatures: Tensor; // [2·B, D]
  readonly #update: ParameterUpdate;
  readonly #studentPacking: Packing;
  readonly #teacherPacking: Packing;
  readonly #keptSequences: KeptSequences; // of each block
  readonly #tables: { studentCls: Tensor; teacherCls: Tensor; koleoCls: Tensor };
  readonly #dinoWeights: Tensor; // [B·(2 + L)]

  constructor(readonly gpu: Recorder, readonly shape: StepShape) {
    const { model, method, batchSize, localViews, globalSize, localSize } = shape;
    this.networks = new StudentTeacher(gpu, model, method, shape.embedDim);
    this.#update = new ParameterUpdate(gpu, this.networks.buffers, model.depth, method);
    const views = (name: string, crops: number, [height, width]: readonly [number, number]) =>
      gpu.keep("images", [crops, model.inChans, height, width], name);
    this.globalViews = views("global_views", 2 * batchSize, globalSize);
    this.localViews = views("local_views", localViews * batchSize, localSize);
    this.dinoCenter = gpu.keep("state", [method.output_dim], "dino_center");
    this.ibotCenter = gpu.keep("state", [method.output_dim], "ibot_center");
    this.metrics = gpu.keep("state", [METRICS.length], "metrics");
    this.lossScale = gpu.elem === "f32" ? null : gpu.keep("state", [LOSS_SCALE_SIZE], "loss_scale");
    this.clsFeatures = gpu.keep("state", [2 * batchSize, model.embedDim], "cls_features", gpu.elem);
    this.#studentPacking = packCrops(gpu, model, [
      { name: "global", crops: 2 * batchSize, size: globalSize, images: this.globalViews },
      { name: "local", crops: localViews * batchSize, size: localSize, images: this.localViews },
    ]);
    this.#keptSequences = keptSequences(gpu, shape);
    const [group] = this.#studentPacking.groups;
    const lengths = new Array<number>(group.crops).fill(group.tokens);
    const sequences = makeSequences(gpu, lengths, "sequences.teacher");
    this.#teacherPacking = { groups: [group], sequences };
    const tables = tokenTables(shape);
    const table = (name: keyof typeof tables) =>
      gpu.constant(tables[name], [tables[name].length], `tokens.${name}`);
    this.#tables = {
      studentCls: table("studentCls"),
      teacherCls: table("teacherCls"),
      koleoCls: table("koleoCls"),
    };
    const terms = 2 + Math.max(2 * localViews, 1);
    const weights = new Float32Array(batchSize * (2 + localViews)).fill(1 / (terms * batchSize));
    this.#dinoWeights = gpu.constant(weights, [weights.length], "dino.weights");
    this.#addInputs();
  }

  /** Zeroes gradients and metrics; rounds the weights anew where products read them as f16. */
  begin(): void {
    const { gpu, networks: { buffers } } = this;
    for (const { grads } of buffers) fill(gpu, grads, 0);
    fill(gpu, this.metrics, 0);
    castWorking(gpu, buffers, "student");
    castWorking(gpu, buffers, "teacher");
  }

  /** Forward and backward of one micro-batch: gradients and losses add up. */
  accumulate(): StepTrace {
    const { gpu, inputs } = this;
    const { student, teacher } = this.networks;
    const masks = inputs.tensor("masks");

    // Teacher: unmasked global views → tokens → unit features; nothing is kept for backward.
    const [teacherTokens] = teacher.backbone.forward(gpu, this.#teacherPacking, {
      masks: null,
      dropPath: null,
      keep: false,
    });
    const teacherHeads = this.#heads(teacher, teacherTokens, this.#tables.teacherCls);

    // Student: masked global views and local views, packed → tokens → unit features.
    const [studentTokens, saved] = student.backbone.forward(gpu, this.#studentPacking, {
      masks,
      dropPath: dropPathOf(gpu, inputs, this.#studentPacking.sequences, this.#keptSequences),
      keep: true,
      recomputeBlocks: this.shape.recomputeBlocks,
    });
    const studentHeads = this.#heads(student, studentTokens, this.#tables.studentCls);
    const koleoInput = this.clsFeatures; // [2·B, D]
    gatherRows(gpu, studentTokens, this.#tables.koleoCls, koleoInput);

    // Losses and the gradient of every student token.
    const dTokens = gpu.empty(studentTokens.shape, "dTokens"); // [T, D]
    fill(gpu, dTokens, 0);
    const given = inputs.tensor("loss_scalars"); // [2]: teacher temperature, 1
    const scalars = this.lossScale ? lossScalars(gpu, given, this.lossScale) : given;
    const centers = this.#prototypeLosses(teacherHeads, studentHeads, dTokens, scalars);
    this.#koleoLoss(koleoInput, dTokens, scalars);

    student.backbone.backward(gpu, dTokens, saved);
    return {
      teacherTokens,
      studentTokens,
      teacher: teacherHeads,
      student: studentHeads,
      koleoInput,
      centers,
    };
  }

  /**
   * Gradient norm, clipping, AdamW and the teacher, all parameters at once.
   *
   * Differs: under gradient accumulation the reference moves the teacher once per micro-batch, so
   * that its momentum means something else; here it moves once per optimizer step.
   */
  update(): void {
    const { gpu, metrics, lossScale } = this;
    const hyper = this.inputs.tensor("hyper");
    this.#update.run(gpu, { hyper, metrics, lossScale, slot: METRICS.indexOf("grad_norm") });
  }

  #addInputs(): void {
    const { inputs, shape } = this;
    const [rows, columns] = globalGrid(shape);
    inputs.add("loss_scalars", [2]);
    inputs.add("hyper", [16]);
    inputs.add("masks", [2 * shape.batchSize * rows * columns], "u32");
    inputs.add("masked_tokens", [shape.maxMasked], "u32");
    inputs.add("mask_weights", [shape.maxMasked]);
    inputs.add("masked_count", [1], "u32");
    addDropPathInputs(inputs, shape);
    inputs.allocate(this.gpu);
  }

  /** Both heads over a network's tokens: class tokens for DINO, masked patches for iBOT. */
  #heads(network: Network, tokens: Tensor, clsTable: Tensor): { dino: HeadPass; ibot: HeadPass } {
    const { gpu } = this;
    const { dinoHead, ibotHead, embed } = network;
    const pass = (head: DinoHead, table: Tensor, prototypes: Prototypes): HeadPass => {
      const rows = gatherRows(gpu, tokens, table);
      const embedded = embed ? linear(gpu, rows, embed.weight.working, embed.bias.value) : rows;
      return { head, rows, prototypes, saved: head.forward(gpu, embedded) };
    };
    const prototypes = dinoHead.prototypes(gpu);
    const dino = pass(dinoHead, clsTable, prototypes);
    const shared = ibotHead === dinoHead;
    const masked = this.inputs.tensor("masked_tokens");
    const ibot = pass(ibotHead, masked, shared ? prototypes : ibotHead.prototypes(gpu));
    return { dino, ibot };
  }

  /** DINO and iBOT: values into the metrics, gradients into heads, prototypes and `dTokens`. */
  #prototypeLosses(
    teacher: { dino: HeadPass; ibot: HeadPass },
    student: { dino: HeadPass; ibot: HeadPass },
    dTokens: Tensor,
    lossScalars: Tensor,
  ): StepTrace["centers"] {
    const { gpu, inputs, shape } = this;
    const { method, localViews } = shape;
    const scale = 1 / shape.accumulationSteps;
    const shared = student.dino.head === student.ibot.head;
    const dDino = emptyPrototypeGrad(gpu, student.dino.prototypes.weight, "dino.dPrototypes");
    const dIbot = shared
      ? dDino
      : emptyPrototypeGrad(gpu, student.ibot.prototypes.weight, "ibot.dPrototypes");
    const common = { lossScalars, studentTemp: method.student_temp };
    const count = inputs.tensor("masked_count");

    // An image: two teacher rows, 2 + L student rows. A global view learns from the other global
    // view, a local view from both.
    const dino = prototypeLoss(gpu, {
      ...common,
      name: "dino",
      student: featuresOf(student.dino),
      teacher: featuresOf(teacher.dino),
      unit: { student: 2 + localViews, teacher: 2 },
      pairs: (view) => view < 2 ? [1 - view, null] : [0, 1],
      weights: this.#dinoWeights,
      count: null,
      gradScale: method.dino_loss_weight * scale,
      dPrototypes: dDino,
    }, this.#centering(this.dinoCenter));
    this.#headBackward(student.dino, dino.dFeatures, this.#tables.studentCls, dTokens);
    const slot = METRICS.indexOf("dino_global");
    addSums(gpu, dino.losses, this.metrics, { slot, period: 2 + localViews, head: 2, scale });
    for (const entropy of dino.entropies) {
      const share = {
        slot: METRICS.indexOf("teacher_entropy"),
        scale: scale / (2 * shape.batchSize),
      };
      addSums(gpu, entropy, this.metrics, share);
    }

    // A masked patch: the teacher sees it, the student sees the mask token.
    const ibot = prototypeLoss(gpu, {
      ...common,
      name: "ibot",
      student: featuresOf(student.ibot),
      teacher: featuresOf(teacher.ibot),
      unit: { student: 1, teacher: 1 },
      pairs: () => [0, null],
      weights: inputs.tensor("mask_weights"),
      count,
      gradScale: method.ibot_loss_weight * scale,
      dPrototypes: dIbot,
    }, this.#centering(this.ibotCenter));
    this.#headBackward(student.ibot, ibot.dFeatures, inputs.tensor("masked_tokens"), dTokens);
    addSums(gpu, ibot.losses, this.metrics, { slot: METRICS.indexOf("ibot"), scale });

    student.dino.head.prototypesBackward(gpu, dDino, student.dino.prototypes);
    if (!shared) student.ibot.head.prototypesBackward(gpu, dIbot, student.ibot.prototypes);
    if (method.center_method === "softmax") {
      const { center_momentum } = method;
      followTeacher(gpu, this.dinoCenter, featuresOf(teacher.dino), center_momentum, null);
      followTeacher(gpu, this.ibotCenter, featuresOf(teacher.ibot), center_momentum, count);
    }
    return { dino: dino.center, ibot: ibot.center };
  }

  #headBackward(pass: HeadPass, dFeatures: Tensor, table: Tensor, dTokens: Tensor): void {
    const { embed } = this.networks.student;
    const dEmbedded = pass.head.backward(this.gpu, dFeatures, pass.saved);
    const dRows = embed ? embed.backward(this.gpu, dEmbedded, pass.rows) : dEmbedded;
    scatterAddRows(this.gpu, dRows, table, dTokens);
  }

  /** KoLeo spreads the class tokens of each global view over the sphere. */
  #koleoLoss(koleoInput: Tensor, dTokens: Tensor, scalars: Tensor): void {
    const { gpu, shape } = this;
    const scale = 1 / shape.accumulationSteps;
    const { losses, saved } = koleo(gpu, koleoInput, { groups: 2 });
    const dInput = koleoBackward(gpu, saved, shape.method.koleo_loss_weight * scale, scalars);
    scatterAddRows(gpu, dInput, this.#tables.koleoCls, dTokens);
    addSums(gpu, losses, this.metrics, { slot: METRICS.indexOf("koleo"), scale });
  }

  #centering(center: Tensor): Centering {
    const method = this.shape.method.center_method;
    return method === "softmax" ? { method, center } : { method };
  }
}

function featuresOf({ saved, prototypes }: HeadPass): Features {
  return { features: saved.features, prototypes: prototypes.weight };
}
