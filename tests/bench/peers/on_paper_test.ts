import { equal, ok } from "node:assert/strict";
import { paperTable } from "../../../bench/peers/on_paper.ts";
import { worksFor } from "../../../bench/peers/works.ts";

Deno.test("paperTable() has every work but large steps, with rates and what is wanted", () => {
  const works = worksFor({ software: true });
  const lines = paperTable("h100", works).split("\n").slice(2);
  equal(lines.length, works.length);
  ok(/^\| matmul 1024 x 1024 x 1024 .*GFLOP\/s \|/.test(lines[0]), lines[0]);
  ok(/\| layer norm.* GB\/s \|/.test(lines.join("\n")));
  ok(/\| DINOv2 step.* images\/s \|/.test(lines.join("\n")));
});
