/** A column of a table: its heading, and whether it holds numbers, which end where they end. */
export interface TableColumn {
  heading: string;
  numbers?: boolean;
}

/**
 * A Markdown table whose source is a table too: cells of a column are as wide.
 *
 * @example
 * ```ts
 * import { markdownTable } from "./markdown_table.ts";
 *
 * const columns = [{ heading: "kernel" }, { heading: "ms", numbers: true }];
 * console.log(markdownTable(columns, [["matmul", "12.5"]]));
 * // | kernel |   ms |
 * // | ------ | ---: |
 * // | matmul | 12.5 |
 * ```
 */
export function markdownTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = columns.map(({ heading }, i) =>
    Math.max(3, heading.length, ...escaped.map((row) => row[i].length))
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const padded = (cells: readonly string[]) =>
    line(
      cells.map((cell, i) =>
        columns[i].numbers ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
      ),
    );
  const rule = columns.map(({ numbers }, i) =>
    numbers ? "-".repeat(widths[i] - 1) + ":" : "-".repeat(widths[i])
  );
  return [padded(columns.map(({ heading }) => heading)), line(rule), ...escaped.map(padded)]
    .join("\n");
}
