import type { ModelConfig } from "../config/model_config.ts";
import { float, int, ints, OnnxGraph } from "../onnx/graph.ts";
import { resamplePositions } from "../pos_interpolation.ts";
import type { ExportTensor } from "./export_tensors.ts";

/** Version of the operators from which on GELU is one of them. */
const GELU_OPSET = 20;

/** What a graph is made for. */
export interface GraphOptions {
  model: ModelConfig;
  /** Height and width of the images. */
  size: readonly [number, number];
  /** Images at once; a name stands for any number. */
  batch: number | string;
  opset: number;
  /** What comes out: all tokens, or the class token alone, through the layer on top if it has one. */
  part: "model" | "embedding_model";
}

/**
 * The forward pass of a backbone over images of one size: `images` `[batch, C, H, W]`, normalized,
 * to `x_norm_clstoken` `[batch, D]`, `x_norm_regtokens` `[batch, R, D]` if there are registers and
 * `x_norm_patchtokens` `[batch, N, D]`, as DINOv2 calls them; or to `embedding`.
 *
 * Weights keep their official names, shapes and bits but for the positions, which are resampled.
 * Tokens are rows of one matrix, `[batch · T, D]`, but in attention.
 *
 * @param weights The official ones of the backbone, and those of the layer on top if it is wanted.
 */
export function backboneGraph(
  weights: readonly ExportTensor[],
  options: GraphOptions,
): OnnxGraph {
  const graph = new OnnxGraph("dinov2");
  for (const tensor of weights) graph.tensor({ ...bakedWeight(tensor, options), type: "float" });
  const { model, part } = options;
  let rows = addTokens(graph, options);
  for (let block = 0; block < model.depth; block++) {
    rows = addBlock(graph, `blocks.${block}`, rows, options);
  }
  if (part === "model") addTokenOutputs(graph, rows, options);
  else addEmbedding(graph, rows, options, weights.find(({ name }) => name === "embed.weight"));
  return graph;
}

/** Patches of an image, and tokens with those beside them. */
function tokenCounts({ model: { patchSize, numRegisterTokens }, size }: GraphOptions) {
  const grid = [size[0] / patchSize, size[1] / patchSize] as const;
  const patches = grid[0] * grid[1];
  return { grid, patches, tokens: 1 + numRegisterTokens + patches };
}

/** Positions are those of the images' own grid. */
function bakedWeight(tensor: ExportTensor, options: GraphOptions): ExportTensor {
  if (tensor.name !== "pos_embed") return tensor;
  const { embedDim, imgSize, patchSize, interpolateOffset, interpolateAntialias } = options.model;
  const { grid, patches } = tokenCounts(options);
  const interpolation = {
    from: [imgSize / patchSize, imgSize / patchSize] as const,
    to: grid,
    offset: interpolateOffset,
    antialias: interpolateAntialias,
  };
  return {
    name: tensor.name,
    shape: [1, 1 + patches, embedDim],
    values: async () => resamplePositions(await tensor.values(), embedDim, interpolation),
  };
}

/** Images to tokens with their positions, as rows; registers have none. */
function addTokens(graph: OnnxGraph, options: GraphOptions): string {
  const { model, size, batch } = options;
  const { embedDim, inChans, patchSize, numRegisterTokens } = model;
  const { patches } = tokenCounts(options);
  graph.inputs.push({
    name: "images",
    type: "float",
    shape: [batch, inChans, ...size],
    doc: "Pixels from 0 to 1, less the mean of their channel, over its deviation",
  });
  const proj = ["images", "patch_embed.proj.weight", "patch_embed.proj.bias"];
  const side = ints([patchSize, patchSize]);
  graph.add("Conv", "patch_embed.proj", proj, { kernel_shape: side, strides: side });
  const flat = graph.integers("patch_embed.shape", [-1, embedDim, patches]);
  graph.add("Reshape", "patch_embed.flatten", ["patch_embed.proj", flat]);
  const order = { perm: ints([0, 2, 1]) }; // [batch, D, N] → [batch, N, D]
  graph.add("Transpose", "patch_embed.transpose", ["patch_embed.flatten"], order);

  const parts = graph.integers("pos_embed.sizes", [1, patches]);
  const [first, others] = ["pos_embed.cls_token", "pos_embed.patches"];
  graph.split("pos_embed.split", "pos_embed", 1, parts, [first, others]);
  graph.add("Add", "cls_token.add_position", ["cls_token", first]);
  graph.add("Add", "patch_embed.add_position", ["patch_embed.transpose", others]);

  const each = addBatchShape(graph, batch); // [batch, 1, 1]
  const tokens = [graph.add("Expand", "cls_token.expand", ["cls_token.add_position", each])];
  if (numRegisterTokens > 0) {
    tokens.push(graph.add("Expand", "register_tokens.expand", ["register_tokens", each]));
  }
  graph.add("Concat", "tokens", [...tokens, "patch_embed.add_position"], { axis: int(1) });
  return graph.add("Reshape", "tokens.rows", ["tokens", rowShape(graph, options)]);
}

/** What a token of the model is expanded to for every image. */
function addBatchShape(graph: OnnxGraph, batch: number | string): string {
  if (typeof batch === "number") return graph.integers("batch.shape", [batch, 1, 1]);
  graph.add("Shape", "batch.size", ["images"], { start: int(0), end: int(1) });
  const inputs = ["batch.size", graph.integers("batch.ones", [1, 1])];
  return graph.add("Concat", "batch.shape", inputs, { axis: int(0) });
}

function rowShape(graph: OnnxGraph, { model }: GraphOptions): string {
  return graph.integers("rows.shape", [-1, model.embedDim]);
}

/** A transformer block: rows to rows. */
function addBlock(graph: OnnxGraph, block: string, x: string, options: GraphOptions): string {
  const { model: { layerScaleInit, ffnLayer } } = options;
  const branches = [
    (y: string) => addAttention(graph, `${block}.attn`, y, options),
    (y: string) =>
      ffnLayer === "mlp"
        ? addMlp(graph, `${block}.mlp`, y, options)
        : addSwiglu(graph, `${block}.mlp`, y, options),
  ];
  return branches.reduce((x, branch, i) => {
    let y = branch(addNorm(graph, `${block}.norm${i + 1}`, x, options));
    if (layerScaleInit !== null) {
      y = graph.add("Mul", `${block}.ls${i + 1}`, [y, `${block}.ls${i + 1}.gamma`]);
    }
    return graph.add("Add", `${block}.residual${i + 1}`, [x, y]);
  }, x);
}

function addNorm(
  graph: OnnxGraph,
  name: string,
  x: string,
  { model }: GraphOptions,
  output = name,
): string {
  const attributes = { axis: int(1), epsilon: float(model.layerNormEps) };
  const inputs = [x, `${name}.weight`, `${name}.bias`];
  return graph.add("LayerNormalization", name, inputs, attributes, output);
}

/** `x · Wᵀ + b`. */
function addLinear(graph: OnnxGraph, name: string, x: string, output = name): string {
  const inputs = [x, `${name}.weight`, `${name}.bias`];
  return graph.add("Gemm", name, inputs, { transB: int(1) }, output);
}

function addAttention(graph: OnnxGraph, name: string, x: string, options: GraphOptions): string {
  const { model: { embedDim, numHeads } } = options;
  const { tokens } = tokenCounts(options);
  const headDim = embedDim / numHeads;
  const inner = (part: string) => `${name}.${part}`;
  const qkv = addLinear(graph, inner("qkv"), x); // [batch · T, 3 · D]
  const apart = graph.integers("heads.shape", [-1, tokens, 3 * numHeads, headDim]);
  graph.add("Reshape", inner("heads"), [qkv, apart]);
  const swapped = { perm: ints([0, 2, 1, 3]) }; // [batch, T, 3 · H, headDim] and back
  graph.add("Transpose", inner("by_head"), [inner("heads")], swapped);
  const three = graph.integers("heads.sizes", [numHeads, numHeads, numHeads]);
  const [query, key, value] = ["query", "key", "value"].map(inner);
  graph.split(inner("split"), inner("by_head"), 1, three, [query, key, value]);

  const scale = graph.number("attn.scale", 1 / Math.sqrt(headDim));
  graph.add("Mul", inner("scaled_query"), [query, scale]);
  graph.add("Transpose", inner("key_transpose"), [key], { perm: ints([0, 1, 3, 2]) });
  graph.add("MatMul", inner("scores"), [inner("scaled_query"), inner("key_transpose")]);
  graph.add("Softmax", inner("softmax"), [inner("scores")], { axis: int(3) });
  graph.add("MatMul", inner("context"), [inner("softmax"), value]); // [batch, H, T, headDim]
  graph.add("Transpose", inner("by_token"), [inner("context")], swapped);
  graph.add("Reshape", inner("rows"), [inner("by_token"), rowShape(graph, options)]);
  return addLinear(graph, inner("proj"), inner("rows"));
}

function addMlp(graph: OnnxGraph, name: string, x: string, { opset }: GraphOptions): string {
  const hidden = addLinear(graph, `${name}.fc1`, x);
  const act = `${name}.act`;
  if (opset >= GELU_OPSET) graph.add("Gelu", act, [hidden]);
  else {
    // x · (1 + erf(x / √2)) / 2, in the form that onnxruntime makes one kernel of.
    graph.add("Div", `${act}.div`, [hidden, graph.number("gelu.sqrt2", Math.SQRT2)]);
    graph.add("Erf", `${act}.erf`, [`${act}.div`]);
    graph.add("Add", `${act}.add`, [`${act}.erf`, graph.number("gelu.one", 1)]);
    graph.add("Mul", `${act}.mul`, [hidden, `${act}.add`]);
    graph.add("Mul", act, [`${act}.mul`, graph.number("gelu.half", 0.5)]);
  }
  return addLinear(graph, `${name}.fc2`, act);
}

/** The first half of the hidden layer goes through SiLU and multiplies the second. */
function addSwiglu(graph: OnnxGraph, name: string, x: string, { model }: GraphOptions): string {
  const hidden = addLinear(graph, `${name}.w12`, x);
  const halves = graph.integers("swiglu.sizes", [model.ffnHidden, model.ffnHidden]);
  const [gate, value] = [`${name}.gate`, `${name}.value`];
  graph.split(`${name}.split`, hidden, 1, halves, [gate, value]);
  graph.add("Sigmoid", `${name}.sigmoid`, [gate]);
  graph.add("Mul", `${name}.silu`, [gate, `${name}.sigmoid`]);
  graph.add("Mul", `${name}.product`, [`${name}.silu`, value]);
  return addLinear(graph, `${name}.w3`, `${name}.product`);
}

/** Rows to the tokens of each image. */
function addTokenShape(graph: OnnxGraph, rows: string, options: GraphOptions): string {
  const shape = [-1, tokenCounts(options).tokens, options.model.embedDim];
  return graph.add("Reshape", "tokens.by_image", [rows, graph.integers("tokens.shape", shape)]);
}

function addTokenOutputs(graph: OnnxGraph, rows: string, options: GraphOptions): void {
  const { model: { embedDim, numRegisterTokens: registers }, batch } = options;
  const { patches } = tokenCounts(options);
  const tokens = addTokenShape(graph, addNorm(graph, "norm", rows, options), options);
  const kinds = [
    { name: "x_norm_clstoken", count: 1, doc: "A summary of each image" },
    { name: "x_norm_regtokens", count: registers, doc: "Register tokens" },
    { name: "x_norm_patchtokens", count: patches, doc: "A token for each patch, by rows" },
  ].filter(({ count }) => count > 0);
  const sizes = graph.integers("tokens.sizes", kinds.map(({ count }) => count));
  const [cls, ...others] = kinds.map(({ name }) => name);
  graph.split("tokens.split", tokens, 1, sizes, ["tokens.cls_token", ...others]);
  graph.add("Squeeze", cls, ["tokens.cls_token", graph.integers("tokens.axis", [1])]);
  for (const { name, count, doc } of kinds) {
    const shape = name === cls ? [batch, embedDim] : [batch, count, embedDim];
    graph.outputs.push({ name, type: "float", shape, doc });
  }
}

/** Only class tokens are normalized, for nothing else is asked for. */
function addEmbedding(
  graph: OnnxGraph,
  rows: string,
  options: GraphOptions,
  layer: ExportTensor | undefined,
): void {
  const tokens = addTokenShape(graph, rows, options);
  const first = graph.tensor({
    name: "tokens.first",
    type: "int64",
    shape: [],
    values: () => Promise.resolve(BigInt64Array.of(0n)),
  });
  const cls = graph.add("Gather", "tokens.cls_token", [tokens, first], { axis: int(1) });
  const output = "embedding";
  if (layer === undefined) addNorm(graph, "norm", cls, options, output);
  else addLinear(graph, "embed", addNorm(graph, "norm", cls, options), output);
  const width = layer?.shape[0] ?? options.model.embedDim;
  const doc = "A vector for each image";
  graph.outputs.push({ name: output, type: "float", shape: [options.batch, width], doc });
}
