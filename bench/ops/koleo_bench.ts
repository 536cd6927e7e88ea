// deno bench -A bench/ops/koleo_bench.ts: class tokens of two views of 64 images.
import { koleo, koleoBackward } from "../../src/ops/koleo.ts";
import { koleoReference } from "../../tests/reference/koleo.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const koleoBench = (rows: number, dim: number): OpBench => ({
  name: `koleo and backward, 2 x ${rows} x ${dim}`,
  async setup(gpu) {
    const x = randomArray(2 * rows * dim, { seed: 1 });
    const tensor = gpu.upload([2 * rows, dim], x, "x");
    const { losses, saved } = koleo(gpu, tensor, { groups: 2 });
    const views = [x.slice(0, rows * dim), x.slice(rows * dim)];
    assertAllClose(await gpu.download(losses), views.map((view) => koleoReference(view, dim)));
    const scalars = gpu.upload([2], Float32Array.of(0.0625, 1), "loss_scalars");
    return (recorder) => {
      koleo(recorder, tensor, { groups: 2 });
      koleoBackward(recorder, saved, 1, scalars);
    };
  },
});

registerBenches([koleoBench(64, 384), koleoBench(64, 768)]);
