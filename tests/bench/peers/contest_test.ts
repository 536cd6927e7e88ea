import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Contender } from "../../../bench/peers/contender.ts";
import { contest, type Entrant } from "../../../bench/peers/contest.ts";
import { findingOf } from "../../../bench/peers/findings.ts";
import type { Work } from "../../../bench/peers/work.ts";

const FAKE = fileURLToPath(new URL("fake_peer.ts", import.meta.url));

/** A peer that doubles `x`, or does something else. */
function start(name: string, manner: string, patienceMs = 60_000): Promise<Contender> {
  const command = [Deno.execPath(), "run", "-A", "--no-check", FAKE, manner] as const;
  return Contender.start(name, [...command], { patienceMs });
}

const WORK: Work = {
  name: "doubling",
  kind: "matmul",
  settings: {},
  flops: 3e6,
  images: null,
  inputs: () => ({ x: { shape: [3], data: Float32Array.of(1, 2, 3) } }),
};

Deno.test("contest() times those who agree, and says why the others are not there", async () => {
  const entrants: Entrant[] = [];
  for (const manner of ["right", "slow", "wrong", "short", "failing", "dying"]) {
    entrants.push({ contender: await start(manner, manner), numbers: "fp32" });
  }
  try {
    const folder = join(await Deno.makeTempDir(), "work");
    const outcome = await contest(WORK, entrants, { folder, rounds: 3 });
    deepEqual(outcome.timings.map(({ name }) => name), ["right", "slow"]);
    deepEqual(outcome.timings.map(({ samples }) => samples.length), [3, 3]);
    deepEqual(outcome.absent, {
      wrong: "its y differs by 1.7e-1, more than 0.0001",
      short: "its y has 2 elements, ours 3",
      failing: "has no memory left",
      dying: "ended without a word",
    });
    const { entries } = findingOf(outcome);
    equal(entries[0].ratio, 1);
    equal(entries[0].difference, null);
    equal(entries[1].ratio > 2, true, `a wait of 250 ms takes ${entries[1].ratio} times as long`);
    equal(entries[1].gflops! < 0.1, true);
  } finally {
    for (const { contender } of entrants) await contender.stop();
  }
});

Deno.test("Contender.start() tells why a peer cannot take part", async () => {
  await rejects(start("absent", "absent"), new Error("finds no GPU"));
  await rejects(start("silent", "silent", 300), new Error("gave no answer within 0.3 s"));
  await rejects(
    Contender.start("nothing", ["no-such-program-here"]),
    /no-such-program-here/,
  );
});
