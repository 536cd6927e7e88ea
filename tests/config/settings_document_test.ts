import { deepEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { schemaFields } from "../../src/config/schema_fields.ts";
import { TrainConfig } from "../../src/config/train_config.ts";

/** What the reference has no name for; `docs/settings.md` lists them apart. */
const OURS: readonly string[] = [
  "preset",
  "weights",
  "steps",
  "views_on",
  "cache_memory",
  "cache_disk",
  "data_errors",
  "profile",
  "kernels",
  "autotune",
  "callbacks.model_export.every_n_train_steps",
  "callbacks.knn",
  "callbacks.rank_me",
];

/** One of {@linkcode OURS}, or a setting of such a group. */
function isOurs(path: string): boolean {
  return OURS.some((ours) => path === ours || path.startsWith(`${ours}.`));
}

const DOCUMENT = readFileSync(new URL("../../docs/settings.md", import.meta.url), "utf8");

Deno.test("docs/settings.md compares every setting with the reference, by its default here", () => {
  const rows = DOCUMENT.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  const expected = schemaFields(TrainConfig).filter(({ path }) => !isOurs(path))
    .map(({ path, defaultText }) => [path, defaultText === "" ? "{}" : defaultText ?? "required"]);
  deepEqual(rows.map(([, path, , here]) => [path, here]), expected);
});

Deno.test("docs/settings.md says where every setting of the reference is tested", () => {
  const rows = DOCUMENT.split("\n").filter((line) => line.startsWith("| `"));
  deepEqual(rows.filter((line) => !/\]\(\.\.\/tests\/[\w/]+_test\.ts\) *\|$/.test(line)), []);
});

Deno.test("docs/settings.md names every setting that only we have", () => {
  deepEqual(OURS.filter((path) => !DOCUMENT.includes(`\`${path}\``)), []);
});
