import { readFile } from "node:fs/promises";
import { loadCsvParse } from "../deps/csv_parse.ts";
import { DataError } from "../images/errors.ts";

/** What the two columns of a table may be called: of several, the first of these is taken. */
const NAME_COLUMNS = ["filename", "path", "file", "image", "name"];
const LABEL_COLUMNS = ["label", "class"];

/** As many lines are named by an error. */
const NAMED = 3;

/** The label of an image, and the line of the table that says so. */
export interface TableLabel {
  label: string;
  line: number;
}

/** The labels of a table, by the names of images. */
export type LabelTable = ReadonlyMap<string, TableLabel>;

/**
 * Reads a table of labels: UTF-8, comma-separated, cells in quotes where they need it (RFC 4180).
 *
 * If the first line names a column `filename` (or `path`, `file`, `image`, `name`) and a column
 * `label` (or `class`) it is a header, and other columns are not looked at. Otherwise there is none,
 * and every line has two cells: name, label. Names are those of `ImageSet.names`; `./` before them
 * and `\` for `/` are understood.
 *
 * @throws {DataError} If it cannot be read, or lines lack a cell, or name an image again.
 */
export async function readLabelTable(file: string): Promise<LabelTable> {
  const lines = await linesOf(file);
  const header = columnsOf(lines[0]?.cells ?? []);
  const hasHeader = header !== undefined;
  const [nameAt, labelAt] = header ?? [0, 1];
  const rows = hasHeader ? lines.slice(1) : lines;
  if (rows.length === 0) refuseLabels(file, "the table must have lines filename,label", ["none"]);
  const lacking = rows.filter(({ cells }) =>
    !cells[nameAt] || !cells[labelAt] || (!hasHeader && cells.length !== 2)
  );
  if (lacking.length > 0) {
    const must = hasHeader
      ? "every line must have a name and a label"
      : "every line must be filename,label, as the first is no header with columns of these names";
    refuseLabels(file, must, lacking.map(({ cells, line }) => `${cells.join()} (line ${line})`));
  }
  const table = new Map<string, TableLabel>();
  const again: string[] = [];
  for (const { cells, line } of rows) {
    const name = cells[nameAt].replaceAll("\\", "/").replace(/^(\.\/)+/, "");
    const first = table.get(name)?.line;
    if (first === undefined) table.set(name, { label: cells[labelAt], line });
    else again.push(`${name} (lines ${first} and ${line})`);
  }
  if (again.length > 0) refuseLabels(file, "every image must have one line", again);
  return table;
}

/**
 * The error of a table some of whose lines cannot be used.
 *
 * @param found What is wrong, of which the first are named.
 */
export function refuseLabels(
  file: string,
  must: string,
  found: readonly string[],
  then = "mend the table",
): never {
  const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : "";
  throw new DataError(
    `Cannot take labels from ${JSON.stringify(file)}: ${must}, got ` +
      `${found.slice(0, NAMED).join(", ")}${more}; ${then}`,
  );
}

interface Line {
  cells: string[];
  line: number;
}

/** Empty ones are left out. */
async function linesOf(file: string): Promise<Line[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    return refuseLabels(
      file,
      "the table must be readable",
      [(error as Error).message],
      "check the path",
    );
  }
  const { parse } = await loadCsvParse();
  const lines: Line[] = [];
  try {
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      on_record: (cells: string[], { lines: line }) => void lines.push({ cells, line }),
    });
  } catch (error) {
    refuseLabels(file, "it must be comma-separated values", [(error as Error).message]);
  }
  return lines;
}

/** Where a header names the two columns. */
function columnsOf(cells: readonly string[]): [name: number, label: number] | undefined {
  const lower = cells.map((cell) => cell.toLowerCase());
  const placeOf = (names: string[]) => lower.indexOf(names.find((each) => lower.includes(each))!);
  const [name, label] = [placeOf(NAME_COLUMNS), placeOf(LABEL_COLUMNS)];
  return name < 0 || label < 0 ? undefined : [name, label];
}
