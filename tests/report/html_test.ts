import { equal } from "node:assert/strict";
import { html } from "../../src/report/html.ts";

Deno.test("html escapes text and numbers, and joins lists of what is HTML", () => {
  const names = ["a&b.png", `"><script>'.png`];
  const items = names.map((name) => html`<li title="${name}">${name}</li>`);
  equal(
    html`<ul>${items}</ul>${1.5}${""}`.text,
    '<ul><li title="a&amp;b.png">a&amp;b.png</li>' +
      '<li title="&quot;&gt;&lt;script&gt;&#39;.png">&quot;&gt;&lt;script&gt;&#39;.png</li></ul>1.5',
  );
});
