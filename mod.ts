/**
 * Headless DINOv2 training on any GPU, with Deno and WebGPU.
 *
 * @example
 * ```ts
 * import { train } from "./mod.ts";
 *
 * async function firstRun() {
 *   const { last } = await train({
 *     out: "out/first",
 *     data: "my_images",
 *     model: "dinov2/vits14-notpretrained",
 *     steps: 1000,
 *   });
 *   console.log(last?.train_loss);
 * }
 * ```
 *
 * @module
 */
export { ConfigError } from "./src/config/config_error.ts";
export type { ConfigProblem } from "./src/config/config_error.ts";
export type { ModelArgs } from "./src/config/model_args.ts";
export type { ModelConfig } from "./src/config/model_config.ts";
export { MODEL_NAMES, publishedName, resolveModel } from "./src/config/model_presets.ts";
export { createModel, Model } from "./src/inference/model.ts";
export type { Weight } from "./src/inference/model.ts";
export { loadModel } from "./src/inference/load_model.ts";
export type { LoadOptions } from "./src/inference/load_model.ts";
export type { Surroundings } from "./src/files/cache_folders.ts";
export type { DownloadHooks } from "./src/weights/download.ts";
export type { FindOptions } from "./src/weights/pretrained.ts";
export type { ClassAttention } from "./src/inference/attention_pass.ts";
export type { Features, PassShape } from "./src/inference/forward_pass.ts";
export type { LayerOptions } from "./src/inference/intermediate_layers.ts";
export { drawAttention } from "./src/eval/draw_attention.ts";
export { drawNeighbours } from "./src/eval/draw_neighbours.ts";
export { drawPca } from "./src/eval/draw_pca.ts";
export type { PictureReport } from "./src/eval/gallery_file.ts";
export { embed } from "./src/eval/embed.ts";
export type { EmbedHooks, EmbedReport } from "./src/eval/embed.ts";
export { evaluateKnn } from "./src/eval/evaluate_knn.ts";
export type { EvalHooks } from "./src/eval/eval_hooks.ts";
export type { KnnReport } from "./src/eval/evaluate_knn.ts";
export { evaluateLinear } from "./src/eval/evaluate_linear.ts";
export type { LinearInputs } from "./src/eval/linear_inputs.ts";
export type { LinearReport, LinearRow } from "./src/eval/evaluate_linear.ts";
export { evaluateLogreg } from "./src/eval/evaluate_logreg.ts";
export type { LogregReport, LogregRow } from "./src/eval/evaluate_logreg.ts";
export type {
  LinearInput as LinearOptions,
  LogregInput as LogregOptions,
} from "./src/eval/probe_options.ts";
export type { ProbeReport } from "./src/eval/probe_report.ts";
export type {
  EmbedInput as EmbedOptions,
  KnnInput as KnnOptions,
} from "./src/eval/eval_options.ts";
export type {
  AttentionInput as AttentionOptions,
  NeighbourInput as NeighbourOptions,
  PcaInput as PcaOptions,
} from "./src/eval/picture_options.ts";
export { rankMe } from "./src/eval/rank_me.ts";
export type { ClassReport } from "./src/eval/class_report.ts";
export type { Accuracy } from "./src/eval/guess_tally.ts";
export { exportWeights } from "./src/weights/export_weights.ts";
export type { ExportHooks, ExportReport } from "./src/weights/export_weights.ts";
export type { ExportInput as ExportOptions } from "./src/weights/export_options.ts";
export { resolveConfig } from "./src/config/resolve_config.ts";
export type { ParsedConfig, TrainConfig, TrainOptions } from "./src/config/train_config.ts";
export type { DINOv2Args } from "./src/config/method_args.ts";
export type { OptimArgs } from "./src/config/optim_args.ts";
export type { ParsedTransformArgs, TransformArgs } from "./src/config/transform_args.ts";
export type { Schedules, ScheduleSettings, StepSettings } from "./src/optim/schedules.ts";
export { DataError } from "./src/images/errors.ts";
export type { ImageProblem } from "./src/images/image_set.ts";
export type { Precision } from "./src/config/device_fields.ts";
export type { Accelerator, AdapterFacts, DeviceOptions, KernelFamily } from "./src/gpu/device.ts";
export { GpuError, ShapeError } from "./src/gpu/errors.ts";
export { CheckpointError } from "./src/safetensors.ts";
export { TrainingError } from "./src/training/metrics.ts";
export type { MetricsRow } from "./src/training/metrics_file.ts";
export type {
  ExportedModel,
  RunEnd,
  RunObserver,
  RunStart,
  SavedCheckpoint,
} from "./src/training/observer.ts";
export { plan } from "./src/training/plan_report.ts";
export type { KernelWork, PhaseWork, PlanOptions, PlanReport } from "./src/training/plan_report.ts";
export { profileStep } from "./src/training/profile_step.ts";
export type { ProfileHooks } from "./src/training/profile_step.ts";
export type { KnownVariant, KnownVariants } from "./src/tuning/variants_file.ts";
export type { DispatchWork, StepProfile } from "./src/profile/step_profile.ts";
export type { Work } from "./src/profile/roofline.ts";
export type { PaperKernel, PaperRoofline } from "./src/profile/paper_roofline.ts";
export type { GpuModelName } from "./src/profile/gpu_models.ts";
export { resumeRun } from "./src/training/resume_run.ts";
export type { TrainResult } from "./src/training/run_loop.ts";
export type { TrainHooks } from "./src/training/train.ts";
export { TrainRun } from "./src/training/train_run.ts";
export { train } from "./src/training/train.ts";
export type { StopSignal } from "./src/stop_signal.ts";
