import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import type { Surroundings } from "../../src/files/cache_folders.ts";
import { type OpenDevice, openDevice } from "../../src/gpu/device.ts";
import { type Plan, PlanRecorder } from "../../src/gpu/plan.ts";
import type { Choices } from "../../src/gpu/choice.ts";
import { matmul } from "../../src/ops/matmul.ts";
import type { Stopwatch } from "../../src/tuning/stopwatch.ts";
import { tune, type TuneOptions } from "../../src/tuning/tune.ts";
import { withFolder } from "../support/folders.ts";

/** A plan of two products that are the same but for their tensors, and one of another size. */
function planOf({ facts }: OpenDevice, choices?: Choices): Plan {
  const recorder = new PlanRecorder({ ...facts, kernels: "gpu", software: false }, "f32", choices);
  const kept = (name: string, shape: number[]) => recorder.keep("state", shape, name);
  recorder.phase("work");
  for (const name of ["a", "b"]) matmul(recorder, kept(name, [8, 20]), kept(`${name}'`, [20, 8]));
  matmul(recorder, kept("c", [9, 20]), kept("c'", [20, 9]), { add: kept("sum", [9, 9]) });
  return recorder.finish();
}

const KEYS = ["matmul.store nn f32 8x8x20", "matmul.add nn f32 9x9x20"];
const TILES = ["128x64", "64x64", "64x128", "128x128"];

/** A stopwatch by which the variant of this place is the fastest. */
function fastestIs(place: number, variants = TILES.length): Stopwatch & { samples: number } {
  return {
    samples: 0,
    sampleMs: 0,
    time(samples) {
      this.samples += samples.length;
      return Promise.resolve(samples.map((_, i) => i % variants === place ? 1 : 2));
    },
    [Symbol.dispose]() {},
  };
}

/** Tunes in an own cache folder, on what is said to be hardware. */
async function withTuning(
  body: (
    run: (options: Partial<TuneOptions> & { plan?: Plan }) => ReturnType<typeof tune>,
    open: OpenDevice,
  ) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const env = (name: string) => name === "DENODINO_CACHE" ? folder : undefined;
    const surroundings: Surroundings = { env, os: Deno.build.os, home: folder };
    const device = await openDevice();
    const open = { ...device, facts: { ...device.facts, software: false } };
    try {
      await body(
        ({ plan = planOf(open), ...options }) =>
          tune(plan, open, { autotune: "on", surroundings, ...options }),
        open,
      );
    } finally {
      device.close();
    }
  });
}

Deno.test("a plan lists what there was to choose, and takes what is chosen", async () => {
  const open = await openDevice();
  try {
    const { choices } = planOf(open);
    deepEqual([...choices.keys()], KEYS);
    const [store, add] = choices.values();
    deepEqual([store.uses, store.flops, store.variant], [2, 2 * 2 * 8 * 8 * 20, "128x64"]);
    deepEqual(add.choice.variants.map(({ name }) => name), TILES);
    const chosen = planOf(open, new Map([[KEYS[0], "64x128"], [KEYS[1], "no such tile"]]));
    const lanes = chosen.phases.get("work")!.map(({ constants }) => constants!.LANE_COLS);
    deepEqual(lanes, [16, 16, 8]);
  } finally {
    open.close();
  }
});

Deno.test("tune() takes the fastest variants and keeps what it measured", async () => {
  await withTuning(async (run, open) => {
    const progress: [number, number][] = [];
    const first = await run({
      stopwatch: fastestIs(2),
      onProgress: (...numbers) => progress.push(numbers),
    });
    deepEqual([...first.choices], KEYS.map((key) => [key, "64x128"]));
    deepEqual(first.variants[KEYS[0]].ms, { "128x64": 2, "64x64": 2, "64x128": 1, "128x128": 2 });
    deepEqual([first.measured, first.left], [2, 0]);
    deepEqual(progress, [[0, 2], [1, 2], [2, 2]]);

    const other = fastestIs(1);
    const again = await run({ stopwatch: other });
    deepEqual(again.variants, first.variants);
    deepEqual([again.measured, again.path, other.samples], [0, null, 0]);

    const forced = await run({ autotune: "force", stopwatch: other });
    deepEqual([...forced.choices.values()], ["64x64", "64x64"]);
    deepEqual((await run({})).choices, forced.choices);
    const off = await run({ autotune: "off" });
    deepEqual([...off.choices.values()], ["128x64", "128x64"]);
    const labels = planOf(open, forced.choices).phases.get("work")!.map(({ workgroups }) =>
      workgroups
    );
    deepEqual(labels, [1, 1, 1]);
  });
});

Deno.test("tune() measures anew what is known of other kernels, and writes a damaged cache whole", async () => {
  await withTuning(async (run) => {
    const { path } = await run({ stopwatch: fastestIs(2) });
    const text = await readFile(path!, "utf8");
    const { variants } = JSON.parse(text);
    await writeFile(path!, text.replace(variants[KEYS[1]].kernels, "0123456789abcdef"));
    const changed = await run({ stopwatch: fastestIs(3) });
    deepEqual([...changed.choices.values()], ["64x128", "128x128"]);
    equal(changed.measured, 1);
    notEqual(variants[KEYS[0]].kernels, variants[KEYS[1]].kernels);

    await writeFile(path!, text.slice(0, 50));
    deepEqual([...(await run({ stopwatch: fastestIs(1) })).choices.values()], ["64x64", "64x64"]);
    deepEqual(
      Object.keys(JSON.parse(await readFile(path!, "utf8")).variants).sort(),
      KEYS.toSorted(),
    );
  });
});

Deno.test("tune() takes what is settled, whatever is faster", async () => {
  await withTuning(async (run) => {
    await run({ stopwatch: fastestIs(2) });
    const settled = {
      [KEYS[0]]: { variant: "64x64", kernels: "of an earlier version" },
      [KEYS[1]]: { variant: "a tile of an earlier version", kernels: "" },
    };
    for (const autotune of ["on", "force"] as const) {
      const { choices } = await run({ autotune, settled, stopwatch: fastestIs(2) });
      deepEqual([...choices.values()], ["64x64", "64x128"]);
    }
    const off = await run({ autotune: "off", settled });
    deepEqual([...off.choices.values()], ["64x64", "128x64"]);
  });
});

Deno.test("tune() ends with what it has when it is told to, and leaves software adapters alone", async () => {
  await withTuning(async (run, open) => {
    const signal = { aborted: false };
    const stopwatch = fastestIs(2);
    const { choices, measured, left } = await run({
      stopwatch,
      signal,
      onProgress: (done) => signal.aborted = done === 0,
    });
    deepEqual([measured, left], [1, 1]);
    deepEqual([...choices.values()].sort(), ["128x64", "64x128"]);

    const software = { ...open, facts: { ...open.facts, software: true } };
    const none = await tune(planOf(open), software, { autotune: "on", stopwatch });
    deepEqual([none.measured, ...none.choices.values()], [0, "128x64", "128x64"]);
  });
});

Deno.test("tune() keeps the built-in variant of what does not compile otherwise", async () => {
  await withTuning(async (run, open) => {
    const recorder = new PlanRecorder(open.facts);
    const y = recorder.keep("state", [1], "y");
    recorder.phase("work");
    for (const key of ["sound", "broken"]) {
      recorder.choose({
        key,
        variants: [{ name: "built-in", value: "1.0" }, { name: "other", value: key }],
        record: (gpu, { name, value }) =>
          gpu.run({
            label: `${key}.${name}`,
            source: `const sound = 2.0; @group(0) @binding(1) var<storage, read_write> y: f32;
              @compute @workgroup_size(1) fn main() { y = ${value}; }`,
            entryPoint: "main",
            inputs: [],
            outputs: [y],
            workgroups: 1,
          }),
      });
    }
    const { choices, measured, failed, left } = await run({
      plan: recorder.finish(),
      stopwatch: fastestIs(1, 2),
    });
    deepEqual([...choices], [["sound", "other"], ["broken", "built-in"]]);
    deepEqual([measured, failed, left], [1, 1, 0]);
    open.check();
  });
});

Deno.test("tune() measures on the device", async () => {
  await withTuning(async (run) => {
    const { variants, measured, elapsedMs } = await run({ autotune: "force" });
    equal(measured, 2);
    ok(elapsedMs > 0);
    for (const { variant, ms } of Object.values(variants)) {
      deepEqual(Object.keys(ms!), TILES);
      ok(Object.values(ms!).every((each) => each > 0), JSON.stringify(ms));
      ok(ms![variant] === Math.min(...Object.values(ms!)) || variant === TILES[0]);
    }
  });
});
