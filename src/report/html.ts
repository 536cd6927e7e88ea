/** Text that is HTML: whatever in it was text before is escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in HTML: text and numbers are escaped, lists are laid one after another. */
export type HtmlValue = Html | string | number | readonly HtmlValue[];

/**
 * HTML with values in it, escaped for text and for attributes in quotation marks.
 *
 * @example
 * ```ts
 * import { html } from "./html.ts";
 *
 * const names = ["a.png", "<b>.png"];
 * const list = html`<ul>${names.map((name) => html`<li title="${name}">${name}</li>`)}</ul>`;
 * console.log(list.text); // <ul><li title="a.png">a.png</li><li title="&lt;b&gt;.png">...
 * ```
 */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.reduce((text, part, i) => text + textOf(values[i - 1]) + part));
}

function textOf(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(textOf).join("");
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
