import { statSync } from "node:fs";
import { relative } from "node:path";
import { resolveModel } from "../../config/model_presets.ts";
import type { AdapterFacts } from "../../gpu/device.ts";
import type { KnownVariants } from "../../tuning/variants_file.ts";
import type { MetricsRow } from "../metrics_file.ts";
import type { ExportedModel, RunEnd, RunObserver, RunStart, SavedCheckpoint } from "../observer.ts";
import type { RunFolder } from "../run_folder.ts";
import { sortedJson } from "../sorted_json.ts";
import { describeEnvironment } from "./environment.ts";
import { LogFile, timeText, zoneText } from "./log_file.ts";
import { isLoggedStep } from "./logged_steps.ts";
import { bytesText, durationText, numberText } from "./number_text.ts";
import { parameterRows, parameterTable } from "./parameter_table.ts";

const RULE = "─".repeat(60);

/**
 * Keeps `train.log` of a run: what it was started with and in, what it said on the way, how it
 * went, why it ended. A resumed run adds to the file.
 *
 * What comes before the file is {@linkcode open opened} is kept until then, with its time.
 */
export class TrainLog implements RunObserver {
  readonly #startMs = performance.now();
  #stepsMs = 0;
  #waiting: { text: string; now: Date }[] = [];
  #file: LogFile | undefined;
  #folder = "";
  #start: RunStart | undefined;
  #unwritten: MetricsRow | undefined;

  /** Opens the file in a run's folder, and says in what the run was started. */
  async open({ path, trainLog }: RunFolder, isResumed: boolean): Promise<void> {
    const environment = await describeEnvironment();
    this.#file = new LogFile(trainLog);
    this.#folder = path;
    const now = new Date();
    const waiting = this.#waiting.splice(0);
    const title = isResumed ? "resumed" : "started";
    this.#write(`${RULE}\n${title} ${timeText(now)} ${zoneText(now)}`);
    this.#write(environment);
    for (const { text, now } of waiting) this.#file.write(text, now);
  }

  onStart(start: RunStart): void {
    this.#start = start;
    this.#stepsMs = performance.now();
    const parts = [
      `Resolved configuration:\n${sortedJson(start.config)}`,
      describeAdapter(start.adapter),
      ...describeVariants(start.variants),
      describeParameters(start),
      describeRun(start),
    ];
    for (const part of parts) this.#write(`\n${part}`);
    this.#write("");
  }

  onStep(row: MetricsRow): void {
    this.#unwritten = row;
    if (isLoggedStep(row.step, this.#start!.config.log_every_num_steps)) this.#writeRow();
  }

  onMessage(message: string): void {
    this.#write(message);
  }

  onCheckpoint({ path, step }: SavedCheckpoint): void {
    if (this.#unwritten?.step === step - 1) this.#writeRow(); // what the checkpoint stands for
    this.#write(`checkpoint after step ${step}: ${this.#describeFile(path)}`);
  }

  onExport({ path, step }: ExportedModel): void {
    this.#write(`teacher after step ${step}: ${this.#describeFile(path)}`);
  }

  onEnd(end: RunEnd): void {
    this.#writeRow();
    this.#write(this.#describeEnd(end));
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #write(text: string): void {
    const now = new Date();
    if (this.#file === undefined) this.#waiting.push({ text, now });
    else this.#file.write(text, now);
  }

  #writeRow(): void {
    if (this.#unwritten === undefined) return;
    const { startStep, totalSteps } = this.#start!;
    const done = this.#unwritten.step + 1;
    const msPerStep = (performance.now() - this.#stepsMs) / (done - startStep);
    this.#write(describeRow(this.#unwritten, totalSteps, msPerStep * (totalSteps - done)));
    this.#unwritten = undefined;
  }

  #describeFile(path: string): string {
    const { size } = statSync(path);
    return `${relative(this.#folder, path).replaceAll("\\", "/")}, ${bytesText(size)}`;
  }

  #describeEnd({ steps, finished, reason, error }: RunEnd): string {
    const total = this.#start?.totalSteps;
    const of = total === undefined || finished ? "" : ` of ${total}`;
    const time = durationText(performance.now() - this.#startMs);
    if (error === undefined) {
      const next = finished ? "" : "; go on with resume_interrupted=true";
      const state = finished ? "finished" : "stopped";
      return `${state} after ${steps}${of} steps, ${time} in this session: ${reason}${next}`;
    }
    return [
      `failed after ${steps}${of} steps, ${time} in this session: ${reason}`,
      ...stackOf(error),
    ].join("\n");
  }
}

/** Where an error was thrown, a line each. */
function stackOf(error: unknown): string[] {
  const lines = error instanceof Error ? error.stack?.split("\n") ?? [] : [];
  return lines.filter((line) => /^ +at /.test(line));
}

function describeAdapter(adapter: AdapterFacts): string {
  const { name, software, driver, kernels, subgroupSize, shaderF16, shaderInt64, timestamps } =
    adapter;
  const features = [
    subgroupSize > 0 ? `subgroups of ${subgroupSize}` : "no subgroups",
    shaderF16 ? "f16" : "no f16",
    ...(shaderInt64 ? ["64-bit integers"] : []),
    timestamps ? "timestamps" : "no timestamps",
    `kernels=${kernels}`,
  ];
  const limits = [
    `${bytesText(adapter.maxBindingBytes)} a binding`,
    `${bytesText(adapter.maxBufferBytes)} a buffer`,
    `${adapter.maxStorageBuffers} storage buffers`,
    `workgroups of ${adapter.maxWorkgroupLanes} lanes and ${bytesText(adapter.maxWorkgroupBytes)}`,
  ];
  return [
    `adapter: ${name}${software ? " (software)" : ""}${
      driver === name ? "" : `, driver ${driver}`
    }`,
    `limits: ${limits.join(", ")}`,
    `features: ${features.join(", ")}`,
  ].join("\n");
}

/** Variants that are not the built-in ones, a line each. */
function describeVariants(variants: KnownVariants): string[] {
  const entries = Object.entries(variants);
  if (entries.length === 0) return [];
  const others = entries.flatMap(([key, { variant, ms = {} }]) => {
    const [[builtIn, builtInMs] = [variant, 0]] = Object.entries(ms);
    if (variant === builtIn) return [];
    return [`  ${key}: ${variant}, ${ms[variant]} ms (${builtIn}: ${builtInMs} ms)`];
  });
  return [[
    `variants: ${others.length} of ${entries.length} kernels are not as built in`,
    ...others,
  ].join("\n")];
}

function describeParameters({ config, parameters, schedules }: RunStart): string {
  const { depth } = resolveModel(config.model, config.model_args);
  const { method_args: method, optim_args: optim } = config;
  const rows = parameterRows(parameters, depth, method);
  const count = rows.reduce((sum, row) => sum + row.parameters, 0);
  const { scaledLr, weightDecayStart } = schedules;
  return [
    `Parameter groups: ${count} parameters`,
    parameterTable(rows, scaledLr),
    `learning rate: ${numberText(scaledLr)} at its peak, ${optim.lr} scaled from ` +
    `${method.reference_batch_size} to ${schedules.settings.batchSize} images by the ` +
    `${method.lr_scale_method} rule, after a warmup of ${method.warmup_steps} steps`,
    `weight decay: ${weightDecayStart} at the start, ${method.weight_decay_end} at the end`,
  ].join("\n");
}

function describeRun(start: RunStart): string {
  const { config, images, batchSize, stepsPerEpoch, totalSteps, startStep, precision } = start;
  const accumulation = config.gradient_accumulation_steps;
  const micro = accumulation > 1 ? ` (${accumulation} times ${batchSize / accumulation})` : "";
  const perEpoch = Number(stepsPerEpoch.toFixed(2));
  const epochs = (totalSteps / stepsPerEpoch).toFixed(1);
  return [
    `data: ${images} images of ${[config.data].flat().join(", ")}`,
    `steps: ${totalSteps} of ${batchSize} images${micro}, ${perEpoch} an epoch, ${epochs} epochs`,
    `precision: ${precision}; the step takes ${bytesText(start.memoryBytes)} of GPU memory`,
    startStep > 0 ? `goes on after step ${startStep}` : "starts at the first step",
  ].join("\n");
}

function describeRow(row: MetricsRow, totalSteps: number, leftMs: number): string {
  const done = String(row.step + 1).padStart(String(totalSteps).length);
  const dino = row["train_loss/dino_global_loss"] + row["train_loss/dino_local_loss"];
  const shown = {
    loss: row.train_loss,
    dino,
    ibot: row["train_loss/ibot_loss"],
    koleo: row["train_loss/koleo_loss"],
    ...(row.grad_norm === undefined ? {} : { grad: row.grad_norm }),
    lr: row.learning_rate,
  };
  return [
    `step ${done}/${totalSteps}  epoch ${row.epoch}`,
    ...Object.entries(shown).map(([name, value]) => `${name} ${numberText(value)}`),
    `${row.images_per_second.toFixed(1)} images/s`,
    `${(100 * row.data_wait_share).toFixed(0)} % waiting`,
    `eta ${durationText(leftMs)}`,
  ].join("  ");
}
