import { deepEqual, rejects } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { ConfigError } from "../../src/config/config_error.ts";
import { readConfigFile } from "../../src/config/config_file.ts";
import { withFolder } from "../support/folders.ts";

const SETTINGS = {
  out: "runs/a",
  overwrite: true,
  steps: null,
  optim_args: { lr: 1e-3, betas: [0.9, 0.95] },
  model_args: { depth: 6 },
};

const YAML = `# a comment
out: runs/a
overwrite: true
steps: null
seed: # not given
optim_args:
  lr: 1e-3
  betas: [0.9, 0.95]
model_args.depth: 6
`;
const JSONC = `\ufeff{
  // a comment
  "out": "runs/a", "overwrite": true, "steps": null,
  "optim_args": { "lr": 1e-3, "betas": [0.9, 0.95] },
  "model_args.depth": 6,
}`;
const TOML = `# a comment
out = "runs/a"
overwrite = true
steps = "null"
model_args.depth = 6
[optim_args]
lr = 1e-3
betas = [0.9, 0.95]
`;

Deno.test("readConfigFile() reads the same settings from YAML, JSON and TOML", () =>
  withFolder(async (folder) => {
    const files = {
      "a.yaml": YAML,
      "a.yml": YAML,
      "a.json": JSONC,
      "a.JSONC": JSONC,
      "a.toml": TOML,
    };
    for (const [name, text] of Object.entries(files)) {
      await writeFile(`${folder}/${name}`, text);
      deepEqual(await readConfigFile(`${folder}/${name}`), SETTINGS, name);
    }
    for (const name of ["empty.yaml", "empty.json", "empty.toml"]) {
      await writeFile(`${folder}/${name}`, "");
      deepEqual(await readConfigFile(`${folder}/${name}`), {}, name);
    }
  }));

Deno.test("readConfigFile() names line and column of what it cannot read", () =>
  withFolder(async (folder) => {
    const wrong: [name: string, text: string, message: string][] = [
      ["twice.yaml", "a: 1\na: 2\n", "line 2, column 1: Map keys must be unique"],
      ["tab.yaml", "a:\n\tb: 1\n", "line 2, column 1: Tabs are not allowed as indentation"],
      ["tag.yaml", "a: 1\nb: !x 2\n", "line 2, column 4: Unresolved tag: !x"],
      ["comma.json", '{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: comma expected"],
      [
        "twice.json",
        '{"a": {"b": 1}, "b": 2,\n "a": 3}',
        'line 2, column 2: "a" must be given once',
      ],
      ["end.json", '{"a": 3]', "line 1, column 8: comma expected"],
      [
        "list.toml",
        "a = 1\nb = [1\n 2]\n",
        "line 3, column 2: expected comma or end of structure",
      ],
      ["list.yaml", "- 1\n", "must hold settings by name, got a list"],
      ["text.json", '"a"', 'must hold settings by name, got "a"'],
      ["dots.yaml", "a:\n  b..c: 1\n", 'must be names joined by dots, got "a.b..c"'],
      ["proto.json", '{"__proto__": {}}', 'must be names joined by dots, got "__proto__"'],
    ];
    for (const [name, text, message] of wrong) {
      const path = `${folder}/${name}`;
      await writeFile(path, text);
      await rejects(readConfigFile(path), new ConfigError([{ key: path, message }]));
    }
  }));

Deno.test("readConfigFile() says which files it takes", async () => {
  const refuses = (path: string, message: string) =>
    rejects(readConfigFile(path), new ConfigError([{ key: "config", message }]));
  await refuses(
    "run.ini",
    'must be a file that ends in one of .yaml, .yml, .json, .jsonc, .toml, got "run.ini"',
  );
  await refuses(
    "nowhere/run.yaml",
    'must be a file that can be read, got "nowhere/run.yaml" (ENOENT)',
  );
});
