// The operators of ONNX that an exported backbone has, as plain float64 loops, after their
// specification; and the graph run with them.
import { layerNormReference } from "./layer_norm.ts";
import { geluReference, normalCdf } from "./linear.ts";
import { matmulReference } from "./matmul.ts";
import { patchEmbedReference } from "./patch_embed.ts";
import type { ReadModel, ReadNode, ReadTensor as Tensor } from "../support/onnx_model.ts";

/**
 * Runs a graph.
 *
 * @returns Its outputs by name.
 * @throws {Error} If an operation needs what no earlier one made, or makes what is there already.
 */
export function runOnnx(model: ReadModel, inputs: Record<string, Tensor>): Map<string, Tensor> {
  const values = new Map<string, Tensor>([...model.tensors, ...Object.entries(inputs)]);
  for (const node of model.nodes) {
    const given = node.inputs.map((name) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`${node.name}: nothing made ${name}`);
      return value;
    });
    for (const [i, made] of runNode(node, given).entries()) {
      const name = node.outputs[i];
      if (values.has(name)) throw new Error(`${node.name}: ${name} is made twice`);
      values.set(name, made);
    }
  }
  return new Map(model.outputs.map(({ name }) => [name, values.get(name)!]));
}

function runNode({ op, attributes }: ReadNode, inputs: Tensor[]): Tensor[] {
  const [a, b, c] = inputs;
  const { axis } = attributes as { axis: number };
  switch (op) {
    case "Add":
      return [elementwise(a, b, (x, y) => x + y)];
    case "Mul":
      return [elementwise(a, b, (x, y) => x * y)];
    case "Div":
      return [elementwise(a, b, (x, y) => x / y)];
    case "Erf":
      return [map(a, (x) => 2 * normalCdf(x * Math.SQRT2) - 1)];
    case "Gelu":
      return [{ shape: a.shape, values: geluReference(a.values) }];
    case "Sigmoid":
      return [map(a, (x) => 1 / (1 + Math.exp(-x)))];
    case "Softmax":
      return [softmax(a)];
    case "LayerNormalization":
      return [layerNorm(a, b, c, attributes.epsilon as number)];
    case "Gemm":
      return [elementwise(matmul(a, transpose(b, [1, 0])), c, (x, y) => x + y)];
    case "MatMul":
      return [matmul(a, b)];
    case "Conv":
      return [patches(a, b, c, attributes.strides as number[])];
    case "Transpose":
      return [transpose(a, attributes.perm as number[])];
    case "Reshape":
      return [reshape(a, [...b.values])];
    case "Expand":
      return [elementwise(a, ones([...b.values]), (x) => x)];
    case "Concat":
      return [concat(inputs, axis)];
    case "Split":
      return split(a, axis, [...b.values]);
    case "Squeeze":
      return [reshape(a, a.shape.filter((_, i) => !b.values.includes(i)))];
    case "Gather": {
      const [row] = split(a, axis, [1]); // the only index that is asked for is 0
      return [reshape(row, row.shape.filter((_, i) => i !== axis))];
    }
    case "Shape":
      return [vector(a.shape.slice(attributes.start as number, attributes.end as number))];
  }
  throw new Error(`No operator ${op}`);
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function map({ shape, values }: Tensor, f: (x: number) => number): Tensor {
  return { shape, values: values.map(f) };
}

function vector(list: number[]): Tensor {
  return { shape: [list.length], values: Float64Array.from(list) };
}

function ones(shape: number[]): Tensor {
  return { shape, values: new Float64Array(sizeOf(shape)).fill(1) };
}

/** Elements from one to the next along each axis. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Calls back with the position of each element, in order. */
function eachIndex(shape: readonly number[], visit: (index: number[], at: number) => void): void {
  const strides = stridesOf(shape);
  for (let at = 0; at < sizeOf(shape); at++) {
    visit(shape.map((size, axis) => Math.floor(at / strides[axis]) % size), at);
  }
}

/** With the axes of either stretched where it has a length of 1, counted from the last. */
function elementwise(a: Tensor, b: Tensor, f: (x: number, y: number) => number): Tensor {
  const axes = Math.max(a.shape.length, b.shape.length);
  const padded = ({ shape }: Tensor) => [...Array(axes - shape.length).fill(1), ...shape];
  const [as, bs] = [padded(a), padded(b)];
  const shape = as.map((size, axis) => {
    if (size !== bs[axis] && size !== 1 && bs[axis] !== 1) {
      throw new Error(`[${a.shape}] and [${b.shape}] do not go together`);
    }
    return Math.max(size, bs[axis]);
  });
  const offset = (sizes: number[], index: number[]) => {
    const strides = stridesOf(sizes);
    return index.reduce((sum, i, axis) => sum + (sizes[axis] === 1 ? 0 : i * strides[axis]), 0);
  };
  const values = new Float64Array(sizeOf(shape));
  eachIndex(shape, (index, at) => {
    values[at] = f(a.values[offset(as, index)], b.values[offset(bs, index)]);
  });
  return { shape, values };
}

/** Over the last axis. */
function softmax({ shape, values }: Tensor): Tensor {
  const [length] = shape.slice(-1);
  const out = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += length) {
    const row = values.subarray(at, at + length);
    const most = Math.max(...row);
    const powers = row.map((x) => Math.exp(x - most));
    const sum = powers.reduce((sum, x) => sum + x, 0);
    out.set(powers.map((x) => x / sum), at);
  }
  return { shape, values: out };
}

function layerNorm({ shape, values }: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  return { shape, values: layerNormReference(values, weight.values, bias.values, eps) };
}

/** Matrices in the last two axes; those before are the same in both. */
function matmul(a: Tensor, b: Tensor): Tensor {
  const [rows, depth] = a.shape.slice(-2);
  const [others, cols] = b.shape.slice(-2);
  if (depth !== others) throw new Error(`Cannot multiply [${a.shape}] with [${b.shape}]`);
  const shape = [...a.shape.slice(0, -2), rows, cols];
  const values = new Float64Array(sizeOf(shape));
  for (let i = 0; i < values.length / (rows * cols); i++) {
    const left = a.values.subarray(i * rows * depth, (i + 1) * rows * depth);
    const right = b.values.subarray(i * depth * cols, (i + 1) * depth * cols);
    values.set(matmulReference(left, right, { rows, cols, depth }), i * rows * cols);
  }
  return { shape, values };
}

/** A convolution whose kernels lie side by side, `[B, C, H, W]` to `[B, D, rows, columns]`. */
function patches(images: Tensor, weight: Tensor, bias: Tensor, [patchSize]: number[]): Tensor {
  const [crops, channels, height, width] = images.shape;
  const sizes = { crops, channels, height, width, dim: weight.shape[0], patchSize };
  const grid = [height / patchSize, width / patchSize];
  const values = patchEmbedReference(images.values, weight.values, bias.values, sizes);
  return transpose({ shape: [crops, ...grid, sizes.dim], values }, [0, 3, 1, 2]);
}

function transpose({ shape, values }: Tensor, perm: number[]): Tensor {
  const turned = perm.map((axis) => shape[axis]);
  const strides = perm.map((axis) => stridesOf(shape)[axis]);
  const out = new Float64Array(values.length);
  eachIndex(turned, (index, at) => {
    out[at] = values[index.reduce((sum, i, axis) => sum + i * strides[axis], 0)];
  });
  return { shape: turned, values: out };
}

/** One length may be −1: what is left for it. */
function reshape({ values }: Tensor, lengths: number[]): Tensor {
  const known = sizeOf(lengths.filter((length) => length >= 0));
  const shape = lengths.map((length) => length < 0 ? values.length / known : length);
  if (sizeOf(shape) !== values.length) {
    throw new Error(`Cannot make [${lengths}] of ${values.length} numbers`);
  }
  return { shape, values };
}

function concat(tensors: Tensor[], axis: number): Tensor {
  const [{ shape: first }] = tensors;
  const shape = [...first];
  shape[axis] = tensors.reduce((sum, each) => sum + each.shape[axis], 0);
  const outer = sizeOf(first.slice(0, axis));
  const out: number[] = [];
  for (let i = 0; i < outer; i++) {
    for (const { values } of tensors) {
      const length = values.length / outer;
      out.push(...values.subarray(i * length, (i + 1) * length));
    }
  }
  return { shape, values: Float64Array.from(out) };
}

function split({ shape, values }: Tensor, axis: number, sizes: number[]): Tensor[] {
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  let start = 0;
  return sizes.map((size) => {
    const out: number[] = [];
    for (let i = 0; i < outer; i++) {
      const at = (i * shape[axis] + start) * inner;
      out.push(...values.subarray(at, at + size * inner));
    }
    start += size;
    return { shape: shape.with(axis, size), values: Float64Array.from(out) };
  });
}
