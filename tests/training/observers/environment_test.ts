import { equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { VERSION } from "../../../src/version.ts";
import {
  argumentsText,
  describeEnvironment,
  describeGit,
} from "../../../src/training/observers/environment.ts";

async function git(folder: string, ...args: string[]) {
  const as = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"];
  const command = new Deno.Command("git", { args: ["-C", folder, ...as, ...args] });
  equal((await command.output()).code, 0, args.join(" "));
}

const hasGit = await new Deno.Command("git", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "describeGit() tells the commit, and whether files differ from it",
  ignore: !hasGit,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    equal(await describeGit(folder), "none");
    await git(folder, "init", "--initial-branch=trunk");
    equal(await describeGit(folder), "none"); // no commit yet
    await writeFile(`${folder}/a.txt`, "a");
    await git(folder, "add", ".");
    await git(folder, "commit", "-m", "first");
    match(await describeGit(folder), /^[0-9a-f]{40} \(trunk\), nothing changed$/);
    await writeFile(`${folder}/a.txt`, "b");
    await writeFile(`${folder}/untracked.txt`, "c");
    match(await describeGit(folder), /^[0-9a-f]{40} \(trunk\), 1 changed file, not committed$/);
    await Deno.remove(folder, { recursive: true });
    equal(await describeGit(folder), "none");
  },
});

Deno.test("argumentsText() quotes what a shell would take apart", () => {
  equal(
    argumentsText(["train", "out=a/b", 'data=["x y","z"]', "note=it's", ""]),
    `train out=a/b 'data=["x y","z"]' 'note=it'\\''s' ''`,
  );
  equal(argumentsText([]), "none");
});

Deno.test("describeEnvironment() tells versions, system, folder, git and arguments", async () => {
  const lines = (await describeEnvironment()).split("\n");
  match(lines[0], new RegExp(`^denodino ${VERSION}, Deno ${Deno.version.deno}, V8 `));
  match(lines[1], /^packages: zod@/);
  match(lines[2], new RegExp(`^system: ${Deno.build.os} .* ${Deno.build.arch}, \\d+ processors, `));
  equal(lines[3], `folder: ${Deno.cwd()}`);
  match(lines[4], /^git: (none|[0-9a-f]{40} )/);
  match(lines[5], /^arguments: /);
});
