import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadPlain } from "../../src/data/plain_loader.ts";
import { embed, type EmbedHooks } from "../../src/eval/embed.ts";
import { imageVectors, layerVectors } from "../../src/eval/image_vectors.ts";
import { openBackbone } from "../../src/eval/open_backbone.ts";
import { createModel } from "../../src/inference/model.ts";
import { findImages } from "../../src/images/find_images.ts";
import { linearReference } from "../reference/linear.ts";
import { DIM, EMBED, EMBED_DIM, embeddingCheckpoint } from "../support/embedding_checkpoint.ts";
import {
  featuresOfCsv,
  readNpy,
  readParquet,
  readSafetensorsFeatures,
  readTorchFeatures,
} from "../support/feature_files.ts";
import { exportWeights } from "../../src/weights/export_weights.ts";
import { withImageFolder, writeImage } from "../support/image_folder.ts";

const SIDES = [40, 36, 32, 28, 24, 20, 16];
const SIZE: [number, number] = [32, 32];
const MODEL = { checkpoint: "dinov2/vittest", image_size: SIZE, batch_size: 2 };
const WIDTH = 64;
const MEANS = { embedDim: WIDTH };

/** Features as the model gives them for the same pixels, all images at once. */
async function expected(data: string, framing: "squash" | "crop" = "squash") {
  using backbone = await openBackbone(MODEL.checkpoint);
  const views = { ...backbone.views, image_size: SIZE };
  const images = await findImages(data);
  const options = { views, framing, batchSize: 100, numWorkers: 1 };
  const [{ pixels, indices }] = await Array.fromAsync(loadPlain(images, options));
  const shape = { images: indices.length, size: SIZE };
  const features = await backbone.model.forwardFeatures(pixels, shape);
  return { features, names: indices.map((index) => images.names[index]) };
}

function near(found: Float32Array, wanted: Float32Array): void {
  equal(found.length, wanted.length);
  const most = found.reduce((max, value, i) => Math.max(max, Math.abs(value - wanted[i])), 0);
  ok(most < 1e-5, `differs by ${most}`); // a pass of another size may round otherwise
}

/** Hooks that stop after some batches. */
function stopAfter(batches: number): EmbedHooks & { messages: string[] } {
  const stop = new AbortController();
  const messages: string[] = [];
  return {
    messages,
    signal: stop.signal,
    onImages: () => --batches <= 0 && stop.abort(),
    onMessage: (text) => messages.push(text),
  };
}

Deno.test("embed() writes what the model gives, in every format", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    await writeImage(join(data, 'a, "b"\n.png'), 30, 9);
    const { features, names } = await expected(data);
    const file = (name: string) => join(folder, "made", name);
    const run = async (out: string, more = {}) => {
      const seen: number[] = [];
      const options = { ...MODEL, out: file(out), data, ...more };
      const report = await embed(options, { onImages: (done, all) => seen.push(done, all) });
      deepEqual(seen, [2, 8, 4, 8, 6, 8, 8, 8]);
      equal(report.images, 8);
      ok(report.finished && report.images_per_second > 0);
      return report.width;
    };
    equal(await run("a.csv"), WIDTH);
    const csv = featuresOfCsv(await readFile(file("a.csv"), "utf8"));
    deepEqual(csv.names, names);
    near(csv.values, features.clsToken);

    equal(await run("a.npy", { tokens: "patch" }), WIDTH);
    const npy = readNpy(await readFile(file("a.npy")));
    deepEqual(npy.shape, [8, 16, WIDTH]);
    near(npy.values, features.patchTokens);
    deepEqual(JSON.parse(await readFile(file("a.names.json"), "utf8")), names);

    equal(await run("a.safetensors", { tokens: "cls+mean" }), 2 * WIDTH);
    const { facts, ...tensor } = readSafetensorsFeatures(await readFile(file("a.safetensors")));
    deepEqual(tensor.names, names);
    near(tensor.values, imageVectors(features, "cls+mean", MEANS));
    deepEqual([facts.tokens, facts.framing, facts.image_size], ["cls+mean", "squash", "[32,32]"]);
    equal(JSON.parse(facts.model).embedDim, WIDTH);
    equal(JSON.parse(facts.normalization).mean.length, 3);

    await run("b.csv", { format: "lightly_csv", tokens: "mean", framing: "crop" });
    const lightly = featuresOfCsv(await readFile(file("b.csv"), "utf8"), { labels: true });
    const crop = await expected(data, "crop");
    near(lightly.values, imageVectors(crop.features, "mean", MEANS));

    await run("a.parquet");
    const { groups, ...parquet } = await readParquet(await readFile(file("a.parquet")));
    await run("a.pth");
    const torch = await readTorchFeatures(file("a.pth"));
    for (const found of [parquet, torch]) {
      deepEqual([found.names, found.shape, groups], [names, [8, WIDTH], 1]);
      near(found.values, features.clsToken);
    }
    deepEqual({ ...parquet.facts, tokens: "cls+mean" }, facts);

    const left = ["a.csv", "a.names.json", "a.npy", "a.parquet", "a.pth", "a.safetensors", "b.csv"];
    deepEqual((await readdir(join(folder, "made"))).sort(), left, "nothing else is left");
  });
});

Deno.test("embed() takes tokens of the last blocks, side by side", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    using backbone = await openBackbone(MODEL.checkpoint);
    const views = { ...backbone.views, image_size: SIZE };
    const options = { views, framing: "squash" as const, batchSize: 100, numWorkers: 1 };
    const [{ pixels }] = await Array.fromAsync(loadPlain(await findImages(data), options));
    const shape = { images: SIDES.length, size: SIZE };
    const layers = await backbone.model.getIntermediateLayers(pixels, shape, { n: 2 });
    for (const tokens of ["cls", "cls+mean", "patch"] as const) {
      const out = join(folder, `${tokens}.npy`);
      const { width } = await embed({ ...MODEL, data, out, tokens, layers: 2 });
      equal(width, (tokens === "cls+mean" ? 3 : 2) * WIDTH);
      const found = readNpy(await readFile(out));
      deepEqual(found.shape, tokens === "patch" ? [7, 16, width] : [7, width]);
      near(found.values, layerVectors(layers, tokens, MEANS));
    }
    const many = { ...MODEL, data, out: join(folder, "many.npy"), layers: 99 };
    const { depth } = backbone.model.config;
    const message = `layers: must be at most the ${depth} blocks of the model, got 99`;
    await rejects(embed(many), new RegExp(message));
  });
});

Deno.test("embed() takes class tokens through the layer of embed_dim, if there is one", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    const checkpoint = await embeddingCheckpoint(folder);
    const options = { ...MODEL, checkpoint, num_heads: 2, data };
    const made = async (tokens?: "cls" | "embedding", which?: "student") => {
      const out = join(folder, `${tokens}${which}.npy`);
      const { width } = await embed({ ...options, out, tokens, which });
      const found = readNpy(await readFile(out));
      deepEqual(found.shape, [SIDES.length, width]);
      return found.values;
    };
    const cls = await made("cls");
    equal(cls.length, SIDES.length * DIM);
    const wanted = linearReference(cls, EMBED.weight, EMBED.bias, {
      rows: SIDES.length,
      inputs: DIM,
      outputs: EMBED_DIM,
    });
    const embeddings = await made();
    near(embeddings, Float32Array.from(wanted));
    deepEqual(await made("embedding"), embeddings);
    deepEqual(await made("embedding", "student"), embeddings.map(() => 0), "whose layer is zeros");
    const message = "layers: must be 1 for tokens=embedding, which is of the last block \\(or " +
      "choose tokens=cls\\), got 2";
    const out = join(folder, "two.npy");
    const two = { ...options, checkpoint: await embeddingCheckpoint(folder, undefined, 2), out };
    await rejects(embed({ ...two, layers: 2 }), new RegExp(message));
    const many = await embed({ ...two, layers: 2, tokens: "cls" });
    equal(many.width, 2 * DIM);
  });
});

Deno.test("an interrupted embed() goes on to the same bytes", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    await writeFile(join(data, "1.png"), "no picture");
    await writeFile(join(data, "5.png"), "no picture");
    for (const name of ["x.csv", "x.npy", "x.safetensors", "x.parquet", "x.pth"]) {
      const [whole, parts] = [join(folder, name), join(folder, `parts-${name}`)];
      await embed({ ...MODEL, data, out: whole });
      const options = { ...MODEL, data, out: parts };
      const first = await embed(options, stopAfter(1));
      deepEqual([first.finished, first.images, first.skipped.length], [false, 1, 1]);
      await writeFile(`${parts}.part`, "what a kill left behind the state", { flag: "a" });
      const hooks = stopAfter(2);
      equal((await embed(options, hooks)).finished, false);
      deepEqual(hooks.messages, ["going on at image 2 of 7"]);
      const last = await embed({ ...options, num_workers: 1 }); // which changes nothing
      deepEqual([last.finished, last.images, last.skipped.length], [true, 5, 2]);
      deepEqual(last.skipped.map(({ name }) => name), ["1.png", "5.png"]);
      deepEqual(await readFile(parts), await readFile(whole));
    }
    const names = await readFile(join(folder, "parts-x.names.json"), "utf8");
    deepEqual(JSON.parse(names), ["0.png", "2.png", "3.png", "4.png", "6.png"]);
    deepEqual((await readdir(folder)).filter((name) => name.includes(".part")), []);
  });
});

Deno.test("an embed() that failed goes on after what it had done", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    const [whole, out] = [join(folder, "whole.csv"), join(folder, "x.csv")];
    await embed({ ...MODEL, data, out: whole });
    const onImages = (done: number) => {
      if (done === 4) throw new Error("out of luck");
    };
    await rejects(embed({ ...MODEL, data, out }, { onImages }), /out of luck/);
    const hooks = stopAfter(9);
    await embed({ ...MODEL, data, out }, hooks);
    deepEqual(hooks.messages, ["going on at image 4 of 7"]);
    deepEqual(await readFile(out), await readFile(whole));
  });
});

Deno.test("a file that could not be assembled is, next time, without computing anything", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    const [whole, out] = [join(folder, "whole.parquet"), join(folder, "x.parquet")];
    await embed({ ...MODEL, data, out: whole });
    await Deno.mkdir(`${out}.tmp`); // where it would be written
    await rejects(embed({ ...MODEL, data, out }), /Cannot write ".*x.parquet"/);
    await Deno.remove(`${out}.tmp`);
    const hooks = stopAfter(1);
    const { finished, images } = await embed({ ...MODEL, data, out }, hooks);
    deepEqual([finished, images], [true, 7]);
    deepEqual(hooks.messages, ["going on at image 7 of 7", `putting ${out} together`]);
    deepEqual(await readFile(out), await readFile(whole));
  });
});

Deno.test("an interrupted embed() of other options or images starts anew", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    const [whole, out] = [join(folder, "whole.npy"), join(folder, "x.npy")];
    await embed({ ...MODEL, data, out: whole });
    for (const change of [{ tokens: "mean" as const }, { seed: 1 }, { framing: "crop" as const }]) {
      await embed({ ...MODEL, data, out, ...change }, stopAfter(1));
      const messages: string[] = [];
      const onMessage = (text: string) => messages.push(text);
      await embed({ ...MODEL, data, out, overwrite: true }, { onMessage });
      match(messages.join("\n"), /^what is left of an interrupted .*x.npy has other options/);
      deepEqual(await readFile(out), await readFile(whole));
      await Deno.remove(out);
      await Deno.remove(join(folder, "x.names.json"));
    }
    const checkpoint = join(folder, "weights.safetensors"); // a run writes it again and again
    for (const seed of [1, 2]) {
      using model = await createModel("dinov2/vittest", { seed });
      await model.save(checkpoint);
      if (seed === 1) await embed({ ...MODEL, data, out, checkpoint }, stopAfter(1));
    }
    const hooks = stopAfter(1);
    await embed({ ...MODEL, data, out, checkpoint }, hooks);
    match(hooks.messages.join(), /other options, images or weights/);

    await embed({ ...MODEL, data, out }, stopAfter(1));
    await writeImage(join(data, "00.png"), 20, 3);
    equal((await embed({ ...MODEL, data, out })).images, 8);
    equal(readNpy(await readFile(out)).shape[0], 8);
  });
});

Deno.test("embed() replaces nothing unless it is told to", async () => {
  await withImageFolder([16], async (folder, data) => {
    const out = join(folder, "x.npy");
    const options = { ...MODEL, data, out };
    await writeFile(out, "dear");
    await rejects(embed(options), /out: must be a new file, got ".*x.npy", which exists/);
    equal(await readFile(out, "utf8"), "dear");
    await embed({ ...options, overwrite: true });
    await Deno.remove(out);
    await rejects(embed(options), /x.names.json", which exists; .* overwrite=true/);
    const isFolder = { ...options, out: folder, format: "csv" as const, overwrite: true };
    await rejects(embed(isFolder), /out: must be a file, got the folder/);
  });
});

Deno.test("two embed() of one file are kept apart, and nothing of the lock is left", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    const out = join(folder, "x.csv");
    const { pid } = Deno;
    let refused: unknown;
    const onImages = async () => {
      refused ??= await embed({ ...MODEL, data, out }).catch((error) => error);
    };
    let all: Promise<void> | undefined;
    await embed({ ...MODEL, data, out }, { onImages: () => all ??= onImages() });
    await all;
    const { name, message } = refused as Error;
    equal(name, "ConfigError");
    match(
      message,
      new RegExp(
        `out: must be a file that nobody else writes, got ".*x.csv", which process ${pid} on .* ` +
          "has used since .*; wait for it, stop it, or choose another file",
      ),
    );
    deepEqual((await readdir(folder)).sort(), ["data", "x.csv"]);
  });
});

Deno.test("what cannot be read is named once, and left out", async () => {
  await withImageFolder([16, 20, 24], async (folder, data) => {
    await writeFile(join(data, "1.png"), "no picture");
    const out = join(folder, "x.csv");
    const named: string[] = [];
    const report = await embed({ ...MODEL, data, out }, { onSkipped: (p) => named.push(p.name) });
    deepEqual(named, ["1.png"]);
    deepEqual(report.skipped.map(({ name }) => name), ["1.png"]);
    deepEqual(featuresOfCsv(await readFile(out, "utf8")).names, ["0.png", "2.png"]);

    for (const i of [0, 2]) await writeFile(join(data, `${i}.png`), "no picture");
    const none = embed({ ...MODEL, data, out: join(folder, "y.csv") });
    await rejects(none, { name: "DataError", message: /must be readable, got none; 0.png: / });
    deepEqual((await readdir(folder)).sort(), ["data", "x.csv"]);
  });
});

Deno.test("what the system refuses to write is told in words that help", async () => {
  await withImageFolder([16], async (folder, data) => {
    const out = join(data, "0.png", "x.npy"); // a file is no folder
    const message = /Cannot write ".*x.npy": .*; see that there is room .* run it again/;
    await rejects(embed({ ...MODEL, data, out }), { message });
    deepEqual(await readdir(folder), ["data"]);
  });
});

Deno.test("a size that is not whole patches leaves no file", async () => {
  await withImageFolder([16], async (folder, data) => {
    const options = { ...MODEL, data, out: join(folder, "x.npy"), image_size: 30 };
    await rejects(embed(options), { name: "ConfigError", message: /patch_size 8/ });
    deepEqual(await readdir(folder), ["data"]);
  });
});

Deno.test("a checkpoint that is misspelt is told by the name of the option", async () => {
  await withImageFolder(SIDES, async (folder, data) => {
    const checkpoint = "dinov2/vits15";
    const message = /checkpoint: must be one of dinov2.* got "dinov2\/vits15"; did you mean dinov2/;
    await rejects(embed({ data, checkpoint, out: join(folder, "a.npy") }), message);
    const out = join(folder, "a.onnx");
    await rejects(exportWeights({ checkpoint, format: "onnx", out }), message);
  });
});

Deno.test("embed() tells all wrong options at once", async () => {
  const wrong = { data: "x", out: "a.txt", checkpint: "x", tokens: "patch" };
  await rejects(embed(wrong as unknown as Parameters<typeof embed>[0]), (error) => {
    const { name, message } = error as Error;
    equal(name, "ConfigError");
    match(message, /checkpoint: is required/);
    match(message, /checkpint: is not a setting.*did you mean checkpoint\?/);
    return true;
  });
  const csv = { data: "x", out: "a.csv", checkpoint: "x", tokens: "patch" as const };
  await rejects(embed(csv), /tokens: must be one vector for each image in csv; write npy/);
  const parquet = { ...csv, out: "a.parquet" };
  await rejects(embed(parquet), /tokens: must be one vector for each image in parquet; write npy/);
  const ends = /out: must end in .csv, .npy, .safetensors, .parquet or .pth/;
  await rejects(embed({ ...csv, out: "a.txt" }), ends);
});
