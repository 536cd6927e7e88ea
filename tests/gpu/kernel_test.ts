import { doesNotMatch, equal, match, throws } from "node:assert/strict";
import { LinkedKernel, wgslOf } from "../../src/gpu/kernel.ts";
import { linkKernel } from "../../src/ops/link_kernel.ts";

Deno.test("wgslOf() says before a kernel that stands alone what elem is", () => {
  match(wgslOf("fn f() {}", "f32"), /^alias elem = f32;\s*fn f\(\) \{\}$/);
  match(wgslOf("fn f() {}", "f16"), /^enable f16;\s*alias elem = f16;\s*fn f\(\) \{\}$/);
});

const TWICE = "fn twice(x: f32) -> f32 { return 2.0 * x; }\nfn thrice(x: f32) -> f32 { return x; }";

Deno.test("a kernel gets what it imports, and no more", () => {
  const kernel = new LinkedKernel(
    "import package::parts::twice::twice;\nfn f() -> f32 { return twice(1.0); }",
    { "parts/twice": TWICE },
  );
  const text = kernel.wgsl("f32");
  match(text, /fn twice\(x: f32\) -> f32/);
  doesNotMatch(text, /import|thrice|elem/);
});

Deno.test("override constants keep the names that dispatches set them by", () => {
  const part = "override LANES: u32 = 8;\nfn lanes() -> u32 { return LANES; }";
  const kernel = new LinkedKernel(
    "import package::parts::a::{LANES, lanes};\n@compute @workgroup_size(LANES) fn f() { _ = lanes(); }",
    { "parts/a": part },
  );
  match(kernel.wgsl("f32"), /override LANES: u32 = 8;/);
  match(kernel.wgsl("f32"), /@workgroup_size\(LANES\)/);
});

Deno.test("a linked kernel imports what elem is", () => {
  const kernel = linkKernel("import package::parts::elem::elem;\nvar<private> x: elem;");
  match(kernel.wgsl("f32"), /alias elem = f32;/);
  match(wgslOf(kernel, "f16"), /^enable f16;[^]*alias elem = f16;/);
});

Deno.test("conditions choose among the lines of a kernel", () => {
  const root = "@if(wide) const LANES = 32;\n@else const LANES = 8;\nconst TWO = 2 * LANES;";
  match(new LinkedKernel(root, {}, { wide: true }).wgsl("f32"), /LANES = 32/);
  match(new LinkedKernel(root, {}).wgsl("f32"), /LANES = 8/);
});

Deno.test("an import that leads nowhere names the line", () => {
  const kernel = new LinkedKernel("import package::parts::none::f;\nfn g() { f(); }", {});
  throws(() => kernel.wgsl("f32"), /none/);
});

Deno.test("a kernel is linked once for each storage type", () => {
  const kernel = new LinkedKernel("const A = 1;", {});
  equal(kernel.wgsl("f32"), kernel.wgsl("f32"));
});

Deno.test("wgpu's 64-bit numbers are named by an import, and left to the compiler", () => {
  const kernel = linkKernel("import package::parts::u64::u64;\nvar<private> x: vec4<u64>;");
  match(kernel.wgsl("f32"), /var<private> x: vec4<u64>;/);
  doesNotMatch(kernel.wgsl("f32"), /alias u64/);
});
