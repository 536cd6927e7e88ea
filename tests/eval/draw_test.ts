import { deepEqual, equal, rejects } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { drawAttention } from "../../src/eval/draw_attention.ts";
import { drawNeighbours } from "../../src/eval/draw_neighbours.ts";
import { drawPca } from "../../src/eval/draw_pca.ts";
import { someImages } from "../../src/eval/some_images.ts";
import { decodeImage } from "../../src/images/decode.ts";
import { withTinyRun } from "../support/tiny_run.ts";

const MODEL = { checkpoint: "dinov2/vittest" };

Deno.test("the picture of components shows images beside their patches", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/new/pca.png`;
    await writeFile(`${data}/boxes/boxes_0000.jpg`, "no picture");
    const options = { ...MODEL, data: `${data}/boxes`, out, image_size: 64 };
    const report = await drawPca(options);
    deepEqual([report.out, report.images], [out, 3]);
    deepEqual(report.skipped.map(({ name }) => name), ["boxes_0000.jpg"]);
    const { width, height } = await decodeImage(await Deno.readFile(out));
    // Margins of 32, a gap of 12, and two columns of 64 pixels, each three times as large.
    equal(width, 32 + 192 + 12 + 192 + 32);
    equal(height > 3 * 192, true);
    await rejects(drawPca(options), /out: must be a new file.*which exists/);
    await drawPca({ ...options, overwrite: true, images: 1, foreground: false });
  });
});

Deno.test("the picture of attention has a map for each head, of any block and size", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/attention.png`;
    const seen: number[] = [];
    const options = {
      ...MODEL,
      data: `${data}/boxes`,
      out,
      image_size: [64, 32] as [number, number],
    };
    const report = await drawAttention(options, { onImages: (done) => seen.push(done) });
    deepEqual([report.images, seen], [4, [1, 2, 3, 4]]);
    const { width } = await decodeImage(await Deno.readFile(out));
    // Image, mean over it, mean and two heads: 32 pixels, three times as large.
    equal(width, 2 * 32 + 5 * 96 + 4 * 12);
    const page = { ...options, out: `${folder}/attention.html`, block: 0 };
    await drawAttention(page);
    const text = await Deno.readTextFile(page.out);
    for (const part of ["block 0 of 0 to 2", "the 33 tokens", ">head 2<", "40 x 40 pixels"]) {
      equal(text.includes(part), true, part);
    }
    const wrong = { ...page, block: 3, overwrite: true };
    await rejects(
      drawAttention(wrong),
      /block: must be the place of one of .* blocks, 0 to 2, got 3/,
    );
  });
});

Deno.test("components and neighbours are drawn as pages, too", async () => {
  await withTinyRun(async (folder, data) => {
    const [pca, near] = [`${folder}/pca.html`, `${folder}/near.HTML`];
    await drawPca({ ...MODEL, data, out: pca, images: 2 });
    equal((await Deno.readTextFile(pca)).match(/% foreground</g)?.length, 2);
    await drawNeighbours({ ...MODEL, data, out: near, images: 2, k: 2 });
    const text = await Deno.readTextFile(near);
    equal(text.match(/similarity \d\.\d\d\d</g)?.length, 4);
    equal(text.match(/class \w+</g)?.length, 2 * 3);
  });
});

Deno.test("the picture of neighbours has a row for each query, of the set or of others", async () => {
  await withTinyRun(async (folder, data) => {
    const seen: number[] = [];
    const options = { ...MODEL, data, tokens: "mean" as const, k: 3 };
    const own = await drawNeighbours(
      { ...options, out: `${folder}/own.png`, images: 2 },
      { onImages: (done) => seen.push(done) },
    );
    equal(own.images, 2);
    equal(seen.at(-1), 42);
    const { width } = await decodeImage(await Deno.readFile(own.out));
    equal(width, 2 * 32 + 4 * 224 + 3 * 12);
    const queries = `${data}/boxes`;
    equal((await drawNeighbours({ ...options, queries, out: `${folder}/b.png` })).images, 4);
    await rejects(drawNeighbours({ ...options, out: "a.jpg" }), /out: must end in .png or .html/);
  });
});

Deno.test("some images are spread over the set", () => {
  const names = Array.from({ length: 10 }, (_, i) => `${i}.png`);
  const all = { names, problems: [], location: (index: number) => ({ path: names[index] }) };
  const some = someImages(all, 3);
  deepEqual(some.names, ["1.png", "5.png", "8.png"]);
  equal(some.location(2).path, "8.png");
  deepEqual(someImages(all, 99).names, names);
});
