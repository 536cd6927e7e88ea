import { isFrozen, paramGroup } from "../optim/param_groups.ts";
import type { Schedules } from "../optim/schedules.ts";
import type { Replay } from "./replay.ts";

/** A group of parameters that the reference's optimizer treats alike, and its values in a step. */
interface Group {
  params: string[];
  lr: number;
  weight_decay: number;
}

/** Compares the schedules of a step, and every parameter's rate and decay. */
export function compareSchedules(
  { case: { name, json }, comparison, step: { shape } }: Replay,
  s: number,
  schedules: Schedules,
): void {
  const now = schedules.at(s);
  const recorded = json.steps[s];
  const check = (what: string, actual: number[], expected: number[]) =>
    comparison.check(`${name}.step${s}.${what}`, actual, expected, "schedule");
  check("teacher_temp", [now.teacherTemp], [recorded.teacher_temp]);
  check("weight_decay", [now.weightDecay], [recorded.weight_decay]);
  check("momentum", [now.momentum], [recorded.momentum]);

  const lr = schedules.scaledLr * now.learningRateFactor;
  const groups: Group[] = recorded.groups.map((values: Group, i: number) => ({
    ...values,
    params: json.param_groups[i].params,
  }));
  const rows = groups.flatMap(({ params, ...expected }) =>
    params.map((parameter) => {
      const own = paramGroup(parameter.replace("student.", ""), shape.model.depth, shape.method);
      const rate = isFrozen(own.kind, s, shape.method) ? 0 : lr * own.lrScale;
      return { rate, decay: own.decays ? now.weightDecay : 0, expected };
    })
  );
  check("groups.lr", rows.map(({ rate }) => rate), rows.map(({ expected }) => expected.lr));
  const decays = rows.map(({ expected }) => expected.weight_decay);
  check("groups.weight_decay", rows.map(({ decay }) => decay), decays);
}
