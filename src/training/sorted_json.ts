const INDENT = "  ";

/**
 * A value as JSON with the keys of every object in order, so that two runs can be compared line by
 * line; a list of plain values is one line.
 */
export function sortedJson(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object" || item === null)) {
      return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    }
    return block("[", value.map((item) => sortedJson(item, indent + INDENT)), "]", indent);
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1);
  const lines = entries.map(([name, inner]) =>
    `${JSON.stringify(name)}: ${sortedJson(inner, indent + INDENT)}`
  );
  return block("{", lines, "}", indent);
}

function block(open: string, items: string[], close: string, indent: string): string {
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => indent + INDENT + item).join(",\n")}\n${indent}${close}`;
}
