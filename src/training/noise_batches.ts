import type { Batch, BatchSource } from "../data/loader.ts";
import type { RenderedItem } from "../data/item.ts";
import { randomStream } from "../random.ts";
import type { StepShape } from "./step_shape.ts";

/** Batches of views that are noise, always the same: to see a step without what data takes. */
export class NoiseBatches implements BatchSource {
  readonly batchesPerEpoch: number = 1000;
  readonly #items: RenderedItem[];
  #step = 0;

  constructor({ model, batchSize, localViews, globalSize, localSize }: StepShape) {
    const pixels = ([height, width]: readonly [number, number]) => model.inChans * height * width;
    const length = 2 * pixels(globalSize) + localViews * pixels(localSize);
    this.#items = Array.from({ length: batchSize }, (_, image) => {
      const views = new Float32Array(length);
      randomStream(0, "noise", image).fillNormal(views);
      return { maker: "workers", views };
    });
  }

  next(): Promise<Batch> {
    const step = this.#step++;
    const indices = this.#items.map((_, image) => image);
    const images = indices.map((image) => `noise ${image}`);
    return Promise.resolve({
      step,
      epoch: 0,
      images,
      indices,
      items: this.#items,
      waitMs: 0,
      errors: [],
    });
  }
}
