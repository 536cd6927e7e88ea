import { deepEqual, ok, throws } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { settingsRows, settingsRowsOf, withSettings } from "../src/commands/settings_table.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url)).replaceAll("\\", "/");

function read(path: string): string {
  return readFileSync(ROOT + path, "utf8");
}

/** Our own documents, as paths from the root. */
function documents(): string[] {
  return ["README.md", ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`)]
    .filter((path) => path.endsWith(".md"));
}

Deno.test("the README's table of settings is the schema's", () => {
  // After a change: deno run -A src/commands/settings_table.ts
  deepEqual(settingsRowsOf(read("README.md")), settingsRows());
});

Deno.test("withSettings() writes what settingsRowsOf() reads, and nothing elsewhere", () => {
  const text = read("README.md");
  const renewed = withSettings(text);
  deepEqual(settingsRowsOf(renewed), settingsRows());
  const outside = (markdown: string) => markdown.replace(/<!-- settings[^]*<!-- end of/, "");
  deepEqual(outside(renewed), outside(text));
});

Deno.test("withSettings() wants to be told where", () => {
  throws(
    () => withSettings("no marks"),
    new Error(
      'Cannot find the settings table: the text must hold "<!-- settings: written by ' +
        'src/commands/settings_table.ts -->" and "<!-- end of settings -->"',
    ),
  );
});

Deno.test("every link of a document leads to a file that is there", () => {
  for (const document of documents()) {
    const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
      .filter((target) => !/^(https?:|#)/.test(target));
    const broken = links.filter((target) =>
      !existsSync(ROOT + join(dirname(document), target.replace(/#.*$/, "")))
    );
    deepEqual(broken, [], document);
  }
});

Deno.test("every path that a document names in code is there", () => {
  for (const document of documents()) {
    const paths = [...read(document).matchAll(/`((?:src|kernels|tests|docs|bench)\/[\w./]*\w)`/g)]
      .map(([, path]) => path);
    ok(paths.length > 0, `${document} names no path`);
    deepEqual(paths.filter((path) => !existsSync(ROOT + path)), [], document);
  }
});
