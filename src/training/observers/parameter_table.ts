import type { DINOv2Args } from "../../config/method_args.ts";
import { paramGroup } from "../../optim/param_groups.ts";
import type { RunStart } from "../observer.ts";
import { numberText } from "./number_text.ts";

/** Parameters that the optimizer treats alike but for weight decay. */
export interface ParameterRow {
  group: string;
  parameters: number;
  /** How many of them decay. */
  decayed: number;
  /** Factor on the learning rate. */
  lrScale: number;
  /** Steps at the start during which they stay as they are. */
  frozenSteps: number;
}

/**
 * Groups tensors by where they are and by their learning rate, in the order they come.
 *
 * @param depth Blocks of the backbone.
 */
export function parameterRows(
  parameters: RunStart["parameters"],
  depth: number,
  method: DINOv2Args,
): ParameterRow[] {
  const rows = new Map<string, ParameterRow>();
  for (const { name, shape } of parameters) {
    const { lrScale, decays, kind } = paramGroup(name, depth, method);
    const group = groupOf(name);
    const frozenSteps = frozenStepsOf(kind, method);
    const key = [group, lrScale, frozenSteps].join();
    const row = rows.get(key) ?? { group, parameters: 0, decayed: 0, lrScale, frozenSteps };
    const count = shape.reduce((product, size) => product * size, 1);
    row.parameters += count;
    if (decays) row.decayed += count;
    rows.set(key, row);
  }
  return [...rows.values()];
}

/** Where a tensor is, as a reader of the log would call it. */
function groupOf(name: string): string {
  const [module, first, second] = name.split(".");
  if (module !== "backbone") return first === "last_layer" ? `${module} last layer` : module;
  if (first === "blocks") return `block ${second}`;
  if (first === "patch_embed") return "patch embedding";
  return first === "norm" ? "final norm" : "tokens, positions";
}

function frozenStepsOf(
  kind: ReturnType<typeof paramGroup>["kind"],
  method: DINOv2Args,
): number {
  switch (kind) {
    case "backbone":
      return method.student_freeze_backbone_steps;
    case "last_layer":
      return method.student_freeze_last_layer_steps;
    case "head":
      return 0;
  }
}

/** The rows as a table with what they come to; `peakLr` is the rate where the factor is 1. */
export function parameterTable(rows: readonly ParameterRow[], peakLr: number): string {
  const head = ["group", "parameters", "decayed", "lr factor", "lr at peak", "frozen"];
  const cells = rows.map(({ group, parameters, decayed, lrScale, frozenSteps }) => [
    group,
    String(parameters),
    String(decayed),
    lrScale.toPrecision(4),
    numberText(lrScale * peakLr),
    frozenSteps === 0 ? "" : `${frozenSteps} steps`,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column].length))
  );
  const line = (row: string[]) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
      .join("  ").trimEnd();
  return [head, ...cells].map((row) => `  ${line(row)}`).join("\n");
}
