// Writes the tables of docs/views.md: draws of views and masks beside what is expected of them.
// Run it as a script after a change of the draws; tests/views/ holds the same numbers to 3 errors.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findCase, loadCase } from "../../tests/support/golden.ts";
import {
  MASK_SEEDS,
  maskStatistics,
  type RecordedMasks,
} from "../../src/golden/mask_statistics.ts";
import { farthest } from "../../src/golden/sampled.ts";
import { possible, tableOf } from "../../tests/support/statistics.ts";
import { viewStatistics } from "../../tests/support/view_statistics.ts";

const BEGIN = "<!-- tables: written by bench/data/view_statistics.ts -->";

function viewTables(): string[] {
  return viewStatistics(0).map(({ title, comparisons }) =>
    `### ${title}\n\n${tableOf(possible(comparisons))}`
  );
}

function maskTables(): string[] {
  if (findCase("masking") === undefined) throw new Error("Cannot compare masks: no recorded case");
  const sets: RecordedMasks[] = loadCase("masking").json.sets;
  return sets.map((set, number) => {
    const { counts, ranks, positions } = maskStatistics(set, MASK_SEEDS[number]);
    const worst = (of: string, comparisons: typeof ranks) => {
      const each = farthest(comparisons);
      return { ...each, name: `${each.name}, the farthest of ${comparisons.length} ${of}` };
    };
    const rows = [...counts, worst("ranks", ranks), worst("patches", positions)];
    const title = `Masks of ${set.crops} crops of ${set.grid.join(" x ")} patches, ` +
      `${set.masked_crops_asked} asked`;
    return `### ${title}\n\n${tableOf(rows)}`;
  });
}

const file = fileURLToPath(new URL("../../docs/views.md", import.meta.url));
const text = readFileSync(file, "utf8");
const kept = text.slice(0, text.indexOf(BEGIN) + BEGIN.length);
writeFileSync(file, [kept, ...viewTables(), ...maskTables()].join("\n\n") + "\n");
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", file] }).output();
