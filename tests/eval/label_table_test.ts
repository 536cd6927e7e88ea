import { deepEqual, rejects } from "node:assert/strict";
import { readLabelTable } from "../../src/eval/label_table.ts";
import { DataError } from "../../src/images/errors.ts";

async function withTable(text: string, work: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(file, text);
    await work(file);
  } finally {
    await Deno.remove(file);
  }
}

async function read(text: string): Promise<[name: string, label: string][]> {
  let found: [string, string][] = [];
  await withTable(text, async (file) => {
    found = [...await readLabelTable(file)].map(([name, { label }]) => [name, label]);
  });
  return found;
}

async function refuses(text: string, message: (file: string) => string): Promise<void> {
  await withTable(text, async (file) => {
    await rejects(
      readLabelTable(file),
      new DataError(`Cannot take labels from ${JSON.stringify(file)}: ${message(file)}`),
    );
  });
}

const TWO = [["a.png", "cat"], ["b/c.png", "dog"]];

Deno.test("a table has a header that names its columns, or none and two columns", async () => {
  deepEqual(await read("filename,label\na.png,cat\nb/c.png,dog\n"), TWO);
  deepEqual(await read("a.png,cat\nb/c.png,dog"), TWO);
  deepEqual(await read("Class,split,Path\ncat,1,a.png\ndog,2,b/c.png"), TWO);
  deepEqual(await read("name,filename,label\nTom,a.png,cat\nRex,b/c.png,dog"), TWO);
});

Deno.test("quotes, a byte order mark, Windows' line ends and separators are understood", async () => {
  deepEqual(
    await read('\ufeff"filename","label"\r\n"./a.png",cat\r\n\r\n b\\c.png , dog \r\n'),
    TWO,
  );
  deepEqual(await read('"a, ""b"".png",cat\n'), [['a, "b".png', "cat"]]);
});

Deno.test("lines that lack something are told, the first three by their place", async () => {
  await refuses(
    "filename,label\na.png,\nb.png\n,dog\nc.png,\nd.png,dog\n",
    () =>
      "every line must have a name and a label, got a.png, (line 2), b.png (line 3), ,dog (line 4) " +
      "and 1 more; mend the table",
  );
  await refuses(
    "file;label\na.png;cat\n",
    () =>
      "every line must be filename,label, as the first is no header with columns of these names, " +
      "got file;label (line 1), a.png;cat (line 2); mend the table",
  );
});

Deno.test("an image in two lines, and a table without lines, are refused", async () => {
  await refuses(
    "a.png,cat\nb.png,dog\n./a.png,dog\n",
    () => "every image must have one line, got a.png (lines 1 and 3); mend the table",
  );
  for (const text of ["", "filename,label\n"]) {
    await refuses(
      text,
      () => "the table must have lines filename,label, got none; mend the table",
    );
  }
});

Deno.test("what is no table is refused with its place", async () => {
  await refuses(
    'a.png,"cat\n',
    () =>
      "it must be comma-separated values, got Quote Not Closed: the parsing is finished with an " +
      "opening quote at line 1; mend the table",
  );
  await rejects(
    readLabelTable("missing.csv"),
    /Cannot take labels from "missing.csv": the table must be readable, got ENOENT.*check the path/,
  );
});
