import { deepEqual, equal, match } from "node:assert/strict";
import type { EmbedReport } from "../../src/eval/embed.ts";
import { runWith } from "../support/run_program.ts";

const REPORT: EmbedReport = {
  out: "a.npy",
  finished: true,
  images: 29,
  skipped: [{ name: "1.jpg", message: "it is broken" }],
  width: 384,
  images_per_second: 41.26,
};

const ARGS = ["embed", "out=a.npy", "data=my photos", "checkpoint=out/a", "tokens=mean"];

Deno.test("embed hands its options on, and says what it wrote", async () => {
  let given: unknown;
  const { code, out, err } = await runWith(ARGS, {
    embed: (options, hooks) => {
      given = [options.out, options.data, options.checkpoint, options.tokens, options.framing];
      hooks?.onImages?.(30, 30);
      hooks?.onSkipped?.(REPORT.skipped[0]);
      return Promise.resolve(REPORT);
    },
  });
  equal(code, 0);
  deepEqual(given, ["a.npy", "my photos", "out/a", "mean", "squash"]);
  equal(out, "a.npy: 29 images, vectors of 384, 1 skipped, 41.3 images/s\n");
  match(err, /image 30\/30/);
  match(err, /skipped 1.jpg: it is broken/);
});

Deno.test("an embed that was stopped says how to go on", async () => {
  const embed = () => Promise.resolve({ ...REPORT, finished: false });
  const { code, out, err } = await runWith([...ARGS, "--json"], { embed });
  equal(code, 130);
  deepEqual(JSON.parse(out), { ...REPORT, finished: false });
  equal(
    err,
    "go on      deno run -A cli.ts embed out=a.npy 'data=my photos' checkpoint=out/a " +
      "tokens=mean --json\n",
  );
});

Deno.test("embed tells all that is wrong with its options", async () => {
  const { code, err } = await runWith(["embed", "out=a.npy", "dta=b", "config=c.yaml", "tokens=x"]);
  equal(code, 2);
  match(err, /Found 5 problems/);
  match(err, /did you mean data\?/);
  match(err, /config: is not read here/);
});
