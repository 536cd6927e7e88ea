import { DINOv2Args } from "../config/method_args.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { paramGroup } from "../optim/param_groups.ts";
import { Schedules } from "../optim/schedules.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison } from "./comparison.ts";

/** What a schedules case says of one step. */
type Row = Record<"step" | "lr" | "weight_decay" | "momentum" | "teacher_temp", number>;

/** Compares schedules over whole runs, and the rate factor and decay of parameters by name. */
export function replaySchedules(_gpu: Gpu, golden: GoldenCase, comparison: Comparison): void {
  const { configs, layerwise } = golden.json;
  for (const [index, config] of configs.entries()) {
    replayConfig(`${golden.name}.configs[${index}]`, config, comparison);
  }
  for (const { name, depth, decay, lr_factor, weight_decay, ...rest } of layerwise) {
    const { patch_embed_lr_multiplier } = rest;
    const group = paramGroup(name, depth, { layerwise_decay: decay, patch_embed_lr_multiplier });
    const what = `${golden.name}.layerwise.depth${depth}.${name}`;
    comparison.check(`${what}.lr_factor`, [group.lrScale], [lr_factor], "schedule");
    const decays = [Number(group.decays)];
    comparison.check(`${what}.weight_decay`, decays, [Number(weight_decay)], { absolute: 0 });
  }
  for (const tensor of golden.names()) golden.f32(tensor); // a dummy: the format wants a file
}

// deno-lint-ignore no-explicit-any -- settings as recorded; the schema picks and checks its own
function replayConfig(name: string, config: any, comparison: Comparison): void {
  const settings = Object.keys(DINOv2Args.shape).filter((key) => key in config)
    .map((key) => [key, config[key]]);
  const schedules = new Schedules({
    method: DINOv2Args.parse(Object.fromEntries(settings)),
    optim: { lr: config.base_lr, weight_decay: config.weight_decay_start },
    batchSize: config.batch_size,
    totalSteps: config.total_steps,
  });
  const { scaledLr } = schedules;
  comparison.check(`${name}.scaled_lr`, [scaledLr], [config.scaled_lr], "schedule");
  const columns = {
    lr: (step: number) => scaledLr * schedules.at(step).learningRateFactor,
    weight_decay: (step: number) => schedules.at(step).weightDecay,
    momentum: (step: number) => schedules.at(step).momentum,
    teacher_temp: (step: number) => schedules.at(step).teacherTemp,
  };
  for (const [column, at] of Object.entries(columns)) {
    const table: Row[] = config.table;
    // Each value over the recorded one, so that small values count like large ones.
    const ratios = table.map((row) => {
      const expected = row[column as keyof Row];
      return expected === 0 ? 1 + at(row.step) : at(row.step) / expected;
    });
    comparison.check(`${name}.${column}`, ratios, ratios.map(() => 1), "schedule");
  }
}
