import type { Gpu } from "../gpu/gpu.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison } from "./comparison.ts";
import { UNIT_ADAMW } from "./unit_adamw.ts";
import { UnitCase, type UnitReplay } from "./unit_case.ts";
import { UNIT_LAYERS } from "./unit_layers.ts";
import { UNIT_LOSSES } from "./unit_losses.ts";

/** Kinds of unit cases; a case is called after its kind, as in `layernorm_d32`. */
const KINDS: Record<string, UnitReplay> = { ...UNIT_LAYERS, ...UNIT_LOSSES, ...UNIT_ADAMW };

/** Replays all cases of a folder; tensors of a kind that nothing here knows stay unread. */
export async function replayUnits(
  gpu: Gpu,
  golden: GoldenCase,
  comparison: Comparison,
): Promise<void> {
  for (const name of Object.keys(golden.json.cases)) {
    const kind = Object.keys(KINDS).find((kind) => name === kind || name.startsWith(`${kind}_`));
    if (kind) await KINDS[kind](new UnitCase(gpu, golden, comparison, name));
  }
}
