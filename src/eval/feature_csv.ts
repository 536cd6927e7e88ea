import type { FeatureFormat } from "./eval_options.ts";

/** What the columns of the formats are called, and what follows the values of an image. */
const COLUMNS = {
  csv: { name: "filename", value: "embedding_", last: [], label: [] },
  // As Lightly's custom embeddings want it: https://docs.lightly.ai/docs/custom-embeddings
  lightly_csv: { name: "filenames", value: "embedding_", last: ["labels"], label: ["0"] },
};

type CsvFormat = Extract<FeatureFormat, keyof typeof COLUMNS>;

/** The first line of a table with `width` values for each image. */
export function csvHeader(format: CsvFormat, width: number): Uint8Array {
  const { name, value, last } = COLUMNS[format];
  const values = Array.from({ length: width }, (_, i) => `${value}${i}`);
  return line([name, ...values, ...last]);
}

/** A line for each image. */
export function csvRows(
  format: CsvFormat,
  names: readonly string[],
  values: Float32Array,
): Uint8Array {
  const width = values.length / names.length;
  const lines = names.map((name, row) =>
    [
      quoted(name),
      ...Array.from(values.subarray(row * width, (row + 1) * width), shortText),
      ...COLUMNS[format].label,
    ].join()
  );
  return new TextEncoder().encode(lines.map((each) => `${each}\n`).join(""));
}

function line(cells: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`${cells.join()}\n`);
}

/** A cell as RFC 4180 has it; one that begins or ends with a space is kept whole, too. */
function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Nine digits, which tell every float32 from its neighbours, without zeros at their end. */
function shortText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(Number(value.toPrecision(9)));
}
