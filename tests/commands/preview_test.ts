import { deepEqual, equal, rejects } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { describePreview, preview } from "../../src/commands/preview.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { DataError } from "../../src/images/errors.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { decodeImage } from "../../src/images/decode.ts";
import { tarEntry } from "../support/tar_files.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

Deno.test("preview() writes a picture and says what it shows", () =>
  withTinyRun(async (folder, data) => {
    const out = `${folder}/new/preview.png`;
    const config = resolveConfig({ ...TINY_RUN, data, out, batch_size: 6 });
    const report = await preview(config);
    deepEqual(report, { out, images: 6, batchSize: 6, views: 4, skipped: [] });
    equal(
      describePreview(report),
      `${out}\n6 of the 6 images of the first batch, 4 views of each, masks over the global ones`,
    );
    equal((await decodeImage(await readFile(out))).channels, 3);
  }, 6));

Deno.test("preview() replaces a file only if it is told to", () =>
  withTinyRun(async (folder, data) => {
    const out = `${folder}/preview.png`;
    await writeFile(out, "mine");
    const config = resolveConfig({ ...TINY_RUN, data, out });
    const refused = (message: string) => new ConfigError([{ key: "out", message }]);
    await rejects(
      preview(config),
      refused(
        `must be a new file, got "${out}", which exists; choose another, or write overwrite=true`,
      ),
    );
    equal(await readFile(out, "utf8"), "mine");
    await preview({ ...config, overwrite: true });
    equal((await readFile(out)).subarray(1, 4).toString(), "PNG");
    await rejects(
      preview({ ...config, out: data, overwrite: true }),
      refused(`must be a file, got the folder "${data}"; choose another`),
    );
  }, 4));

Deno.test("preview() tells of a damaged shard, or ends there", () =>
  withTinyRun(async (folder, data) => {
    await writeFile(`${data}/cut.tar`, tarEntry({ name: "a.txt", data: "text" }).subarray(0, 500));
    const config = resolveConfig({ ...TINY_RUN, data, out: `${folder}/preview.png` });
    const message = "Cannot index shard: header at byte 0 must hold 512 bytes, got 500; copy or " +
      "make it again, for what follows is left out";
    deepEqual((await preview(config)).skipped, [{ name: "cut.tar", message }]);
    await rejects(
      preview({ ...config, data_errors: "fail", overwrite: true }),
      new DataError(
        `Cannot preview: every shard and folder must be readable, got cut.tar: ${message}; or set ` +
          "data_errors=skip to do without",
      ),
    );
  }, 4));
