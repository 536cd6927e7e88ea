import { equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PROGRAM } from "../../src/commands/command_line.ts";
import { buildProgram } from "../../src/commands/program.ts";
import { recordedContext, runWith } from "../support/run_program.ts";

const DOCUMENT = readFileSync(new URL("../../docs/commands.md", import.meta.url), "utf8");

/** The command lines that the document shows, with what they print. */
const SHOWN = [...DOCUMENT.matchAll(/```console\n\$ ([^\n]+)\n([^]*?)\n```/g)]
  .map(([, line, output]) => ({ args: line.replace(`${PROGRAM} `, "").split(" "), output }));

Deno.test("five mistakes are answered as docs/commands.md says", async () => {
  const mistakes = SHOWN.filter(({ args }) => args.length > 2);
  equal(mistakes.length, 5);
  for (const { args, output } of mistakes) {
    const { code, out, err } = await runWith(args);
    equal(err, `${output}\n`);
    equal(out, "");
    equal(code, 2);
  }
});

Deno.test("train --help begins as docs/commands.md says", async () => {
  const shown = SHOWN.find(({ args }) => args.join(" ") === "train --help");
  const { out } = await runWith(["train", "--help"]);
  ok(out.startsWith(`${shown?.output}\n`), out.slice(0, shown?.output.length));
});

Deno.test("docs/commands.md and the README name every command", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const program = buildProgram(recordedContext().context);
  for (const command of program.createHelp().visibleCommands(program)) {
    const name = command.name();
    if (name === "help") continue;
    ok(DOCUMENT.includes(`| \`${name}`), `docs/commands.md lacks ${name}`);
    ok(readme.includes(`| \`${name}`), `the README lacks ${name}`);
  }
});
