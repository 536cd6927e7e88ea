import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { gatherSettings, resolveSettings } from "../../src/config/given_settings.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { resolvedText } from "../../src/config/resolved_text.ts";
import { schemaFields } from "../../src/config/schema_fields.ts";
import { type ConfigFormat, starterFile } from "../../src/config/starter_file.ts";
import { TrainConfig, type TrainOptions } from "../../src/config/train_config.ts";
import { withFolder } from "../support/folders.ts";

const FORMATS: readonly ConfigFormat[] = ["yaml", "toml", "jsonc"];
const RUN = { out: "runs/a", data: "photos", model: "dinov2/vitti14" };

/** The configuration that a file of this text is resolved to. */
async function load(text: string, format: ConfigFormat): Promise<TrainConfig> {
  let config: TrainConfig | undefined;
  await withFolder(async (folder) => {
    await writeFile(`${folder}/run.${format}`, text);
    config = resolveSettings(await gatherSettings([`config=${folder}/run.${format}`]));
  });
  return config!;
}

/** A starter file with what is required. */
function filledIn(text: string): string {
  return Object.entries(RUN).reduce(
    (filled, [key, value]) => filled.replace(new RegExp(`^("?${key}"?.*)""`, "m"), `$1"${value}"`),
    text,
  );
}

Deno.test("starterFile() loads as the defaults once its required settings are filled in", async () => {
  for (const format of FORMATS) {
    deepEqual(await load(filledIn(starterFile(format)), format), resolveConfig(RUN), format);
    await rejects(load(starterFile(format), format), /\n {2}out: must not be empty, got ""/);
  }
});

Deno.test("starterFile() loads as the defaults where every comment mark is taken away", async () => {
  // What has no default to write, and what lies in a group that is not there by default.
  const fields = schemaFields(TrainConfig);
  const absent = fields.filter(({ path, defaultText }) =>
    defaultText === "null" && fields.some((field) => field.path.startsWith(`${path}.`))
  ).map(({ path }) => path);
  const isWritten = (line: string) =>
    !absent.some((path) => line.includes(`${path}.`)) && !line.includes("model_args.");
  for (const format of FORMATS) {
    const mark = format === "jsonc" ? "// " : "# ";
    const text = filledIn(starterFile(format)).split("\n")
      .map((line) => line.startsWith(mark) && isWritten(line) ? line.slice(mark.length) : line);
    ok(text.some((line) => /^"?transform_args.local_view.random_resize.min_scale/.test(line)));
    deepEqual(await load(text.join("\n"), format), resolveConfig(RUN), format);
  }
});

Deno.test("starterFile() holds every setting with its description", () => {
  for (const format of FORMATS) {
    const text = starterFile(format);
    for (const { path, description } of schemaFields(TrainConfig)) {
      ok(text.includes(path) && text.includes(description), `${format} ${path}`);
    }
  }
  const lines = starterFile("yaml").split("\n");
  deepEqual(lines.slice(2, 12), [
    "",
    "## Folder of the run: metrics, checkpoints, exported model",
    'out: ""',
    "",
    "## Folder of images and tar shards, subfolders included; or a file, or a list of both",
    'data: ""',
    "",
    "## Model preset, such as dinov2/vits14, or dinov2/vits14-notpretrained for random weights",
    'model: ""',
    "",
  ]);
  ok(starterFile("toml").includes('\n# cache_disk = "null"\n'));
  ok(starterFile("jsonc").includes('\n// "optim_args.betas": [0.9,0.999],\n'));
});

Deno.test("resolvedText() loads as the configuration that it was made from", async () => {
  const options: TrainOptions = {
    ...RUN,
    data: ["photos", "more: #1"],
    transform_args: { color_jitter: null, random_rotation: {}, image_size: 56 },
    model_args: { init_values: null },
    callbacks: { early_stopping: {} },
  };
  const config = resolveConfig(options);
  for (const format of FORMATS) {
    deepEqual(await load(await resolvedText(config, format), format), config, format);
  }
  equal((await resolvedText(config, "yaml")).includes("&"), false, "no anchors");
});
