import { DEFAULT_STEPS, epochsOf } from "../../config/run_length.ts";
import type { RunStart } from "../observer.ts";

/** What a run is too short for, a line each: the recommended length, and each of its schedules. */
export function lengthWarnings(
  { config, totalSteps, stepsPerEpoch }: Pick<RunStart, "config" | "totalSteps" | "stepsPerEpoch">,
): string[] {
  const { method_args: method } = config;
  const warnings: string[] = [];
  if (totalSteps < DEFAULT_STEPS) {
    const epochs = epochsOf(DEFAULT_STEPS, stepsPerEpoch);
    warnings.push(
      `${totalSteps} steps are fewer than the recommended ${DEFAULT_STEPS}, ${epochs} epochs of ` +
        "this data",
    );
  }
  const outlasts = (setting: keyof typeof method, consequence: string) => {
    if ((method[setting] as number) < totalSteps) return;
    warnings.push(
      `method_args.${setting}=${method[setting]} outlasts the ${totalSteps} steps: ${consequence}`,
    );
  };
  outlasts("student_freeze_backbone_steps", "the backbone stays as it starts");
  outlasts("student_freeze_last_layer_steps", "the heads' last layers stay as they start");
  outlasts("warmup_steps", "the learning rate reaches its peak only at the end");
  outlasts(
    "teacher_temp_warmup_steps",
    `the teacher's temperature does not reach ${method.teacher_temp_end}`,
  );
  return warnings;
}
