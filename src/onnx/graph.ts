/** Kinds of numbers that tensors are made of here. */
export type OnnxType = "float" | "int64";

/** A weight or constant of a graph; its numbers are made when they are written. */
export interface OnnxTensor {
  name: string;
  type: OnnxType;
  shape: readonly number[];
  values: () => Promise<Float32Array | BigInt64Array>;
}

/** Whether a tensor was learned; shapes and constants are integers, or single numbers. */
export function isWeight({ type, shape }: OnnxTensor): boolean {
  return type === "float" && shape.length > 0;
}

/** What an attribute of a node holds; a number that is no integer, or a list of integers. */
export type OnnxAttribute =
  | { kind: "int"; value: number }
  | { kind: "float"; value: number }
  | { kind: "ints"; value: readonly number[] };

/** An operation; inputs and outputs are names of values, of which each is written once. */
export interface OnnxNode {
  name: string;
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** An input or output of the whole; an axis of a name may have any length. */
export interface OnnxValue {
  name: string;
  type: OnnxType;
  shape: readonly (number | string)[];
  /** What it means. */
  doc: string;
}

/** A model as a file has it. */
export interface OnnxModel {
  /** Version of the operators that nodes mean. */
  opset: number;
  producer: { name: string; version: string };
  doc: string;
  /** Free-form text by key, which readers show. */
  metadata: Readonly<Record<string, string>>;
  graph: OnnxGraph;
}

/** Operations in the order in which they run; what one needs is made by those before it. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  readonly inputs: OnnxValue[] = [];
  readonly outputs: OnnxValue[] = [];

  constructor(readonly name: string) {}

  /**
   * Adds an operation with one output.
   *
   * @param output What the output is called; like the operation, if left out.
   * @returns The name of the output.
   */
  add(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes: OnnxNode["attributes"] = {},
    output = name,
  ): string {
    this.nodes.push({ name, op, inputs, outputs: [output], attributes });
    return output;
  }

  /**
   * Cuts a value along an axis.
   *
   * @param sizes Name of a list of integers: how long each part is.
   * @param outputs What the parts are called.
   */
  split(
    name: string,
    input: string,
    axis: number,
    sizes: string,
    outputs: readonly string[],
  ): void {
    const attributes = { axis: int(axis) };
    this.nodes.push({ name, op: "Split", inputs: [input, sizes], outputs, attributes });
  }

  /** A tensor, once, however often it is asked for; returns its name. */
  tensor(tensor: OnnxTensor): string {
    const isThere = this.tensors.some(({ name }) => name === tensor.name);
    if (!isThere) this.tensors.push(tensor);
    return tensor.name;
  }

  /** A list of integers, such as a shape; returns its name. */
  integers(name: string, list: readonly number[]): string {
    const values = () => Promise.resolve(BigInt64Array.from(list, BigInt));
    return this.tensor({ name, type: "int64", shape: [list.length], values });
  }

  /** A single number; returns its name. */
  number(name: string, value: number): string {
    const values = () => Promise.resolve(Float32Array.of(value));
    return this.tensor({ name, type: "float", shape: [], values });
  }
}

/** An attribute that is an integer of at least 0. */
export function int(value: number): OnnxAttribute {
  return { kind: "int", value };
}

/** An attribute that is a number of 32 bits. */
export function float(value: number): OnnxAttribute {
  return { kind: "float", value };
}

/** An attribute that is a list of integers of at least 0. */
export function ints(value: readonly number[]): OnnxAttribute {
  return { kind: "ints", value };
}
