import { deepEqual } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url)).replaceAll("\\", "/");

/** Leaf modules and folders, which everything but the GPU layer may import. */
const LEAVES = [
  "config",
  "random",
  "pos_interpolation",
  "stop_signal",
  "safetensors",
  "safetensors_file",
  "version",
  "files",
  "deps",
];
const COMPUTE = ["layers", "ops", "gpu", ...LEAVES];
const DATA = ["data", "report", "views", "images"];
const TRAINING = [
  "tuning",
  "eval",
  "inference",
  "weights",
  "onnx",
  "tensorboard",
  ...DATA,
  "model",
  "losses",
  "optim",
  ...COMPUTE,
];

/** Each place of the tree and the places it may import, itself apart; `docs/design.md` has why. */
const MAY_IMPORT: Record<string, string[]> = {
  cli: ["commands"],
  mod: ["commands", "golden", "demo", "profile", "training", ...TRAINING],
  commands: ["golden", "demo", "setup", "machine", "profile", "training", ...TRAINING],
  golden: ["training", ...TRAINING],
  demo: ["setup", "training", ...TRAINING],
  setup: [],
  machine: ["setup", "images", "ops", "gpu", ...LEAVES],
  training: ["machine", "profile", ...TRAINING],
  tuning: ["files", "gpu"],
  profile: ["machine", "report", "files", "version", "gpu"],
  eval: [...DATA, "inference", "weights", "model", "optim", ...COMPUTE],
  inference: ["weights", "model", ...COMPUTE],
  weights: ["onnx", ...LEAVES],
  data: ["views", "images", "files", "config", "random", "stop_signal"],
  report: ["views", "images"],
  views: ["images", "config", "random"],
  images: ["files", "deps"],
  tensorboard: ["protobuf", "files"],
  onnx: ["protobuf", "files"],
  protobuf: ["files"],
  files: [],
  model: COMPUTE,
  losses: COMPUTE.filter((place) => place !== "layers"),
  optim: COMPUTE,
  layers: ["ops", "gpu", ...LEAVES],
  ops: ["gpu", "kernels"],
  gpu: ["deps"],
  config: ["deps"],
  random: [],
  pos_interpolation: [],
  stop_signal: [],
  version: [],
  safetensors: [],
  safetensors_file: ["safetensors", "files"],
  deps: [],
  kernels: [],
};

interface Import {
  file: string;
  specifier: string;
}

/** Every source file, as a path from the root of the project. */
function sourceFiles(): string[] {
  const inSource = readdirSync(`${ROOT}src`, { recursive: true, encoding: "utf8" })
    .map((path) => `src/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts"));
  return [...["mod.ts", "cli.ts"].filter((path) => existsSync(ROOT + path)), ...inSource].sort();
}

/** The imports of a file: static, dynamic, re-exports, and workers started by URL. */
function importsOf(file: string): Import[] {
  const text = readFileSync(ROOT + file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const patterns = [
    /^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm,
    /^\s*import\s*["']([^"']+)["']/gm,
    /\bimport\(\s*["']([^"']+)["']/g,
    /\bnew URL\(\s*["']([^"']+\.ts)["']\s*,\s*import\.meta\.url/g,
  ];
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, specifier]) => ({ file, specifier }))
  );
}

/** The place of a file: its folder under src/, or the name of a module that stands alone. */
function placeOf(file: string): string {
  const parts = file.split("/");
  const place = parts[0] === "src" ? parts[1] : parts[0];
  return place.replace(/\.ts$/, "");
}

function targetOf({ file, specifier }: Import): string {
  return normalize(join(dirname(file), specifier));
}

const IMPORTS = sourceFiles().flatMap(importsOf);
const RELATIVE = IMPORTS.filter(({ specifier }) => specifier.startsWith("."));

Deno.test("every place of the tree is in the table", () => {
  const places = new Set(sourceFiles().map(placeOf));
  deepEqual([...places].filter((place) => !(place in MAY_IMPORT)), []);
});

Deno.test("imports point down the tree", () => {
  const upward = RELATIVE.filter((each) => {
    const [from, to] = [placeOf(each.file), placeOf(targetOf(each))];
    return from !== to && !MAY_IMPORT[from]?.includes(to);
  });
  deepEqual(upward.map(({ file, specifier }) => `${file} imports ${specifier}`), []);
});

Deno.test("no imports run in a circle", () => {
  const targets = new Map<string, string[]>();
  for (const each of RELATIVE) {
    targets.set(each.file, [...targets.get(each.file) ?? [], targetOf(each)]);
  }
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" > "));
    if (finished.has(file) || path.includes(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    finished.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  deepEqual(circles, []);
});

Deno.test("imports work from a URL: relative files, node's own modules, packages in src/deps", () => {
  const foreign = IMPORTS.filter(({ file, specifier }) => {
    if (specifier.startsWith(".")) return !/\.(ts|wgsl|css|js)$/.test(specifier);
    if (specifier.startsWith("node:")) return false;
    const pinned = /^npm:(@[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+(\/|$)/.test(specifier);
    return !(pinned && file.startsWith("src/deps/"));
  });
  deepEqual(foreign.map(({ file, specifier }) => `${file} imports ${specifier}`), []);
});
