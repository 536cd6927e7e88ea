import { deepEqual, equal, match } from "node:assert/strict";
import { runWith } from "../support/run_program.ts";

const REPORT = { out: "a.png", images: 2, skipped: [{ name: "b.jpg", message: "it is broken" }] };

Deno.test("visualize hands its options on, and says what it drew", async () => {
  const given: unknown[] = [];
  const visualize = {
    pca: (options: { foreground?: boolean; data: unknown }) => {
      given.push([options.foreground, options.data]);
      return Promise.resolve(REPORT);
    },
    attention: (options: { block?: number | null; out: unknown }) => {
      given.push([options.block, options.out]);
      return Promise.resolve(REPORT);
    },
    neighbours: (options: { k?: number; queries?: unknown }) => {
      given.push([options.k, options.queries]);
      return Promise.resolve(REPORT);
    },
  };
  const settings = ["checkpoint=m", "data=d", "out=a.png"];
  const pca = await runWith(["visualize", "pca", ...settings, "foreground=false"], { visualize });
  equal(pca.out, "a.png\n2 images\n");
  match(pca.err, /skipped b.jpg: it is broken/);
  const attention = ["visualize", "attention", "checkpoint=m", "data=d", "out=a.html", "block=2"];
  equal((await runWith(attention, { visualize })).out, "a.png\n2 images\n");
  const near = ["visualize", "neighbours", ...settings, "k=3", "--json"];
  deepEqual(JSON.parse((await runWith(near, { visualize })).out), REPORT);
  deepEqual(given, [[false, "d"], [2, "a.html"], [3, null]]);
});

Deno.test("visualize tells all that is wrong with its options", async () => {
  const { code, err } = await runWith(["visualize", "pca", "data=d", "out=a.jpg", "k=3"]);
  equal(code, 2);
  match(err, /Found 3 problems/);
  match(err, /out: must end in .png or .html, got "a.jpg"/);
});
