import type { DINOv2Args } from "../../config/method_args.ts";
import { isFrozen, paramGroup } from "../../optim/param_groups.ts";
import type { MetricsRow } from "../metrics_file.ts";
import type { RunObserver } from "../observer.ts";

/**
 * Adds what the learning rate comes to where it differs most: in the head, which has the whole
 * rate, its last layer, which rests at first, the last block, and the patch embedding, which has
 * the least.
 */
export class LearningRateMonitor implements RunObserver {
  readonly #shown: { field: string; lrScale: number; kind: Parameters<typeof isFrozen>[0] }[];

  /** @param depth Blocks of the backbone. */
  constructor(readonly method: DINOv2Args, depth: number) {
    const names = {
      head: "dino_head.mlp.0.weight",
      last_layer: "dino_head.last_layer.weight_v",
      last_block: `backbone.blocks.${depth - 1}.mlp.fc1.weight`,
      patch_embed: "backbone.patch_embed.proj.weight",
    };
    this.#shown = Object.entries(names).map(([field, name]) => ({
      field: `learning_rate/${field}`,
      ...paramGroup(name, depth, method),
    }));
  }

  extend({ step, learning_rate }: Readonly<MetricsRow>): Record<string, number> {
    return Object.fromEntries(
      this.#shown.map(({ field, lrScale, kind }) => [
        field,
        isFrozen(kind, step, this.method) ? 0 : learning_rate * lrScale,
      ]),
    );
  }
}
