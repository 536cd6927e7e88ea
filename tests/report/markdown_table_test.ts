import { equal } from "node:assert/strict";
import { markdownTable } from "../../src/report/markdown_table.ts";

Deno.test("markdownTable() has cells as wide as their column", () => {
  const columns = [{ heading: "name" }, { heading: "n", numbers: true }];
  equal(
    markdownTable(columns, [["a|b", "1"], ["c", "1000"]]),
    `
| name |    n |
| ---- | ---: |
| a\\|b |    1 |
| c    | 1000 |`.slice(1),
  );
  equal(markdownTable([{ heading: "x" }], []), "| x   |\n| --- |");
});
