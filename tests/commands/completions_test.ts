import { deepEqual, equal, match, ok } from "node:assert/strict";
import { completionsOf } from "../../src/commands/complete.ts";
import { SHELLS } from "../../src/commands/completion_scripts.ts";
import { buildProgram } from "../../src/commands/program.ts";
import { recordedContext, runWith } from "../support/run_program.ts";

/** What the last of these words can go on as. */
function goingOn(...words: string[]): string[] {
  const program = buildProgram(recordedContext().context);
  return completionsOf(program, words).map(({ text }) => text);
}

Deno.test("the first word is a command, hidden ones left out", () => {
  deepEqual(goingOn("co"), ["config", "completions"]);
  ok(!goingOn("").includes("complete"));
  deepEqual(goingOn("nothing"), []);
});

Deno.test("a dash asks for options, of the command and of all commands", () => {
  deepEqual(goingOn("plan", "--"), [
    "--on",
    "--picture",
    "--json",
    "--help",
    "--version",
    "--debug",
  ]);
  deepEqual(goingOn("--v"), ["--version"]);
});

Deno.test("settings complete one level at a time", () => {
  deepEqual(goingOn("train", "out=a", "met"), ["method=", "method_args."]);
  deepEqual(goingOn("pretrain", "method_args.outp"), ["method_args.output_dim="]);
  ok(goingOn("train", "").every((text) => /^[a-z_]+[.=]$/.test(text)));
});

Deno.test("settings of few values complete to them", () => {
  deepEqual(
    goingOn("train", "accelerator="),
    ["auto", "gpu", "cpu", "dawn"].map((v) => `accelerator=${v}`),
  );
  deepEqual(goingOn("plan", "overwrite=t"), ["overwrite=true"]);
  deepEqual(goingOn("plan", "model=dinov2/vittes"), ["model=dinov2/vittest"]);
  deepEqual(goingOn("train", "out="), []); // a path is for the shell
});

Deno.test("options of a command complete like settings, and so do their values", () => {
  deepEqual(goingOn("export", "o"), ["out=", "opset=", "overwrite="]);
  deepEqual(goingOn("export", "format=onnx", "opset="), ["opset=17", "opset=20"]);
  deepEqual(goingOn("export", "part=e"), ["part=embedding_model"]);
  ok(!goingOn("export", "").includes("config="), "they are not read from files");
});

Deno.test("subcommands come after their group, and their options after them", () => {
  ok(goingOn("eval", "").includes("knn"));
  deepEqual(goingOn("eval", "knn", "which=t"), ["which=teacher"]);
  deepEqual(goingOn("eval", "nothing", ""), []);
  ok(goingOn("visualize", "pca", "--").includes("--json"));
});

Deno.test("every command that reads options completes them", () => {
  const grouped = ["eval", "visualize"].flatMap((group) =>
    goingOn(group, "").filter((name) => name !== "help").map((name) => [group, name])
  );
  for (const words of [["export"], ["embed"], ...grouped]) {
    ok(goingOn(...words, "").includes("checkpoint="), words.join(" "));
  }
});

Deno.test("settings come after the folder that resume takes", () => {
  deepEqual(goingOn("resume", "s"), []);
  ok(goingOn("resume", "out/first", "s").includes("steps="));
});

Deno.test("complete answers a line for each way, with what it means", async () => {
  const { code, out } = await runWith(["complete", "--", "plan", "--js"]);
  deepEqual([code, out], [0, "--json\tprint it as JSON, in bytes and FLOPs\n"]);
  deepEqual(await runWith(["complete", "--", "plan", "data="]), { code: 0, out: "", err: "" });
});

Deno.test("completions prints a script for each shell, and refuses others", async () => {
  for (const shell of SHELLS) {
    const { code, out } = await runWith(["completions", shell]);
    equal(code, 0);
    match(out, /denodino complete -- /);
  }
  const { code, err } = await runWith(["completions", "tcsh"]);
  equal(code, 2);
  equal(
    err,
    "Error: command-argument value 'tcsh' is invalid for argument 'shell'. " +
      "Allowed choices are bash, zsh, fish, powershell.\n(write --help for how to call it)\n",
  );
});

/** What bash would put in place of the end of a line, with a stand-in for the program. */
async function inBash(line: string, answer: string): Promise<string> {
  const { out: script } = await runWith(["completions", "bash"]);
  const { stdout } = await new Deno.Command("bash", {
    args: [
      "-c",
      `denodino() { printf '%s\\n' "$*" >&2; printf '${answer}'; }
compopt() { echo "$*"; }
${script}
COMP_LINE="$1" COMP_POINT=\${#1}
_denodino
printf '%s\\n' "\${COMPREPLY[@]}"`,
      "bash",
      line,
    ],
  }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "the script of bash replaces what follows the last = or :, and evaluates nothing",
  ignore: Deno.build.os === "windows",
  async fn() {
    equal(await inBash("denodino tr", "train\\ttrains\\n"), "train\n");
    equal(await inBash("denodino train a.b=c", "a.b=cd\\t\\na.b=ce\\t\\n"), "cd\nce\n");
    equal(await inBash("denodino train m", "model=\\tits name\\n"), "-o nospace\nmodel=\n");
    const file = await Deno.makeTempFile();
    await inBash(`denodino train $(rm ${file}) `, "");
    await Deno.remove(file); // still there
  },
});
