import { equal, throws } from "node:assert/strict";
import { AppendFile } from "../../src/files/append_file.ts";

Deno.test("what is appended is there at once, behind what was there before", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "one\n");
  using file = new AppendFile(path);
  file.append("two\n");
  equal(await Deno.readTextFile(path), "one\ntwo\n");
  file.append(new Uint8Array([0xc3, 0xa4]));
  file.sync();
  equal(await Deno.readTextFile(path), "one\ntwo\nä");
});

Deno.test("a file that must be new is not added to", async () => {
  const path = await Deno.makeTempFile();
  throws(() => new AppendFile(path, true), { code: "EEXIST" });
});

Deno.test({
  name: "a full disk is told with the file's name and what to do",
  ignore: Deno.build.os !== "linux",
  fn() {
    using file = new AppendFile("/dev/full");
    throws(() => file.append("row\n"), {
      message: /^Cannot write "\/dev\/full": .*[Nn]o space left.*see that there is room/,
    });
  },
});
