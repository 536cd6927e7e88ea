import { deepEqual, equal } from "node:assert/strict";
import { isFrozen, paramGroup } from "../../src/optim/param_groups.ts";
import { loadCase } from "../support/golden.ts";

/** Powers of the decay in double precision, on both sides. */
const RELATIVE_TOLERANCE = 1e-9;

function near(actual: number, expected: number, what: string) {
  const error = Math.abs(actual - expected);
  const within = error <= RELATIVE_TOLERANCE * Math.abs(expected);
  equal(within, true, `${what}: ${actual} is ${error} away from ${expected}`);
}

Deno.test("paramGroup() matches the reference's layerwise table", () => {
  for (const row of loadCase("schedules").json.layerwise) {
    const { name, depth, decay: layerwise_decay, patch_embed_lr_multiplier } = row;
    const group = paramGroup(name, depth, { layerwise_decay, patch_embed_lr_multiplier });
    near(group.lrScale, row.lr_factor, name);
    equal(group.decays, row.weight_decay, name);
  }
});

Deno.test("paramGroup() and isFrozen() match the groups of the training cases", () => {
  for (const name of ["tiny_softmax", "tiny_sinkhorn_separate_head", "tiny_registers_swiglu"]) {
    const { json } = loadCase(name);
    json.param_groups.forEach((recorded: Record<string, never>, index: number) => {
      for (const param of recorded.params as string[]) {
        const group = paramGroup(param.replace(/^student\./, ""), json.model.depth, json.method);
        near(group.lrScale * json.scaled_lr, recorded.initial_lr, `${name} ${param}`);
        equal(group.decays, recorded.weight_decay_initial !== 0, `${name} ${param}`);
        equal(group.kind === "last_layer", recorded.is_last_layer, `${name} ${param}`);
        equal(group.kind !== "backbone", recorded.is_head, `${name} ${param}`);
        json.steps.forEach(({ groups }: { groups: { lr: number }[] }, step: number) => {
          const frozen = isFrozen(group.kind, step, json.method);
          equal(groups[index].lr === 0, frozen, `${name} ${param}, step ${step}`);
        });
      }
    });
  }
});

Deno.test("isFrozen() never freezes a head's other layers", () => {
  const args = { student_freeze_last_layer_steps: 2, student_freeze_backbone_steps: 5 };
  const frozen = (step: number) =>
    (["last_layer", "backbone", "head"] as const).map((kind) => isFrozen(kind, step, args));
  deepEqual(frozen(1), [true, true, false]);
  deepEqual(frozen(2), [false, true, false]);
  deepEqual(frozen(5), [false, false, false]);
});
