import { deepEqual, equal, match, ok } from "node:assert/strict";
import { DEFAULT_TRANSFORM_ARGS } from "../../src/views/view_spec.ts";
import type { RenderedItem } from "../../src/data/item.ts";
import { ViewPool } from "../../src/data/view_pool.ts";

const SETTINGS = {
  views: DEFAULT_TRANSFORM_ARGS,
  maker: "workers" as const,
  maxImageBytes: Infinity,
};

const script = new URL("./failing_worker.ts", import.meta.url);

/** Asks for all paths at once; answers with the index or the message of each. */
async function renderAll(pool: ViewPool, paths: string[]): Promise<(number | string)[]> {
  const settled = await Promise.allSettled(
    paths.map((path, index) => pool.make({ at: { path }, index, seed: 0, epoch: 0, attempt: 0 })),
  );
  return settled.map((result) =>
    result.status === "fulfilled" ? (result.value as RenderedItem).views[0] : result.reason.message
  );
}

Deno.test("ViewPool replaces a worker that dies and gives up on the image alone", async () => {
  const pool = new ViewPool(SETTINGS, 1, { script });
  const [first, dead, ...others] = await renderAll(pool, ["a", "die", "b", "c"]);
  equal(first, 0);
  equal(
    dead,
    "Cannot render views: worker must survive die, got Uncaught Error: out of memory; remove the " +
      "image or lower num_workers",
  );
  deepEqual(others, [2, 3]);
  pool.close();
});

Deno.test("ViewPool replaces a worker that does not answer", async () => {
  const pool = new ViewPool(SETTINGS, 2, { script, timeoutMs: 50 });
  const [hung, ...others] = await renderAll(pool, ["hang", "a", "b"]);
  equal(
    hung,
    "Cannot render views: worker must survive hang, got no answer in 50 ms; remove the image or " +
      "lower num_workers",
  );
  deepEqual(others, [1, 2]);
  pool.close();
});

Deno.test("ViewPool rejects what is open when it closes", async () => {
  const pool = new ViewPool(SETTINGS, 1, { script });
  const closed = "Cannot render views: pool must be open, got a closed one; make a new one";
  const asked = renderAll(pool, ["hang", "a"]);
  pool.close();
  deepEqual(await asked, [closed, closed]);
  deepEqual(await renderAll(pool, ["a"]), [closed]);
});

Deno.test("workers that cannot start are given up, with the reason", async () => {
  const broken = new URL("./broken_worker.ts", import.meta.url);
  const pool = new ViewPool(SETTINGS, 2, { script: broken });
  const messages = await renderAll(pool, Array.from({ length: 100 }, (_, i) => `${i}`));
  const given = messages.filter((each) =>
    /^Cannot render views: workers must start/.test(`${each}`)
  );
  ok(given.length > 80, "images are not blamed for it");
  match(`${given[0]}`, /got Uncaught .*Error: no such codec; see that/);
  match(`${pool.failure}`, /workers must start/);
  pool.close();
});
