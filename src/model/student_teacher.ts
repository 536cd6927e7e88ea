import type { DINOv2Args } from "../config/method_args.ts";
import type { ModelConfig } from "../config/model_config.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { Linear } from "../layers/linear.ts";
import { allocateParameters, type ParameterBuffers, ParameterSet } from "../layers/parameter.ts";
import { DinoHead } from "./dino_head.ts";
import { VisionTransformer } from "./vision_transformer.ts";

/** Backbone and heads of the student, or of the teacher. */
export class Network {
  readonly set = new ParameterSet();
  readonly backbone: VisionTransformer;
  /** A linear layer between the backbone's tokens and the heads; null: there is none. */
  readonly embed: Linear | null;
  readonly dinoHead: DinoHead;
  /** The DINO head itself, unless `ibot_separate_head` is set. */
  readonly ibotHead: DinoHead;

  constructor(model: ModelConfig, method: DINOv2Args, embedDim: number | null) {
    const head = {
      inDim: embedDim ?? model.embedDim,
      hiddenDim: method.hidden_dim,
      bottleneckDim: method.dino_bottleneck_dim,
      outputDim: method.output_dim,
    };
    this.backbone = new VisionTransformer(model, this.set.scope("backbone."));
    this.embed = embedDim === null ? null : new Linear(this.set, "embed", model.embedDim, embedDim);
    this.dinoHead = new DinoHead(head, this.set.scope("dino_head."));
    // Differs: the reference ignores ibot_bottleneck_dim; its default is the DINO head's anyway.
    const ibot = { ...head, bottleneckDim: method.ibot_bottleneck_dim };
    this.ibotHead = method.ibot_separate_head
      ? new DinoHead(ibot, this.set.scope("ibot_head."))
      : this.dinoHead;
  }
}

/** The trained student, the teacher that follows it, and the buffers that hold both. */
export class StudentTeacher {
  readonly student: Network;
  readonly teacher: Network;
  readonly buffers: readonly ParameterBuffers[];

  /** @param embedDim Width of the layer on top of the backbones; null for none. */
  constructor(
    gpu: Recorder,
    readonly model: ModelConfig,
    readonly method: DINOv2Args,
    embedDim: number | null = null,
  ) {
    this.student = new Network(model, method, embedDim);
    this.teacher = new Network(model, method, embedDim);
    this.buffers = allocateParameters(gpu, this.student.set, this.teacher.set);
  }
}
