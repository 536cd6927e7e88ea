// A reader of ONNX models that shares nothing with the writer: protobufjs over the messages' own
// definition.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import protobuf from "npm:protobufjs@8.8.1";

/** The part of onnx.proto that a graph without subgraphs needs. */
const SCHEMA = `
  syntax = "proto2";
  message AttributeProto {
    optional string name = 1;
    optional float f = 2;
    optional int64 i = 3;
    repeated int64 ints = 8;
    optional int32 type = 20;
  }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    optional string name = 3;
    optional string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message StringStringEntryProto { optional string key = 1; optional string value = 2; }
  message TensorProto {
    repeated int64 dims = 1;
    optional int32 data_type = 2;
    optional string name = 8;
    optional bytes raw_data = 9;
    repeated StringStringEntryProto external_data = 13;
    optional int32 data_location = 14;
  }
  message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorType { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
  message TypeProto { optional TensorType tensor_type = 1; }
  message ValueInfoProto {
    optional string name = 1;
    optional TypeProto type = 2;
    optional string doc_string = 3;
  }
  message GraphProto {
    repeated NodeProto node = 1;
    optional string name = 2;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message ModelProto {
    optional int64 ir_version = 1;
    optional string producer_name = 2;
    optional string producer_version = 3;
    optional string doc_string = 6;
    optional GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8;
    repeated StringStringEntryProto metadata_props = 14;
  }
`;

const ModelProto = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType("ModelProto");

const FLOAT = 1;

/** A tensor with its numbers; those of integers are exact in float64 here. */
export interface ReadTensor {
  shape: number[];
  values: Float64Array;
}

/** An operation; attributes are what protobuf has for their kind. */
export interface ReadNode {
  name: string;
  op: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, number | number[]>;
}

/** An input or output: a number, or the name of any length, for each axis. */
export interface ReadValue {
  name: string;
  shape: (number | string)[];
  doc: string;
}

/** What a file says. */
export interface ReadModel {
  irVersion: number;
  opset: number;
  producer: string;
  doc: string;
  metadata: Record<string, string>;
  nodes: ReadNode[];
  tensors: Map<string, ReadTensor>;
  /** Where weights are that lie in another file: its name, and where they begin. */
  places: Map<string, { location: string; offset: number }>;
  inputs: ReadValue[];
  outputs: ReadValue[];
}

type Entry = { key: string; value: string };

/** Reads a model, and the weights that lie beside it. */
export function readOnnx(path: string): ReadModel {
  const options = { longs: Number, arrays: true };
  // deno-lint-ignore no-explicit-any -- the schema above says what it is
  const model = ModelProto.toObject(ModelProto.decode(readFileSync(path)), options) as any;
  const { graph } = model;
  const tensors = new Map<string, ReadTensor>();
  const places: ReadModel["places"] = new Map();
  for (
    const { name, dims, data_type, raw_data, external_data, data_location } of graph.initializer
  ) {
    let bytes = raw_data as Uint8Array;
    if (data_location === 1) {
      const { location, offset, length } = textsOf(external_data);
      places.set(name, { location, offset: Number(offset) });
      const file = readFileSync(join(dirname(path), location));
      bytes = file.subarray(Number(offset), Number(offset) + Number(length));
    }
    tensors.set(name, { shape: dims, values: numbersOf(bytes, data_type) });
  }
  return {
    irVersion: model.ir_version,
    opset: model.opset_import[0].version,
    producer: `${model.producer_name} ${model.producer_version}`,
    doc: model.doc_string,
    metadata: textsOf(model.metadata_props),
    nodes: graph.node.map(nodeOf),
    tensors,
    places,
    inputs: graph.input.map(valueOf),
    outputs: graph.output.map(valueOf),
  };
}

function textsOf(entries: Entry[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

function numbersOf(bytes: Uint8Array, type: number): Float64Array {
  const { buffer } = Uint8Array.from(bytes); // on a boundary of its own
  return type === FLOAT
    ? Float64Array.from(new Float32Array(buffer))
    : Float64Array.from(new BigInt64Array(buffer), Number);
}

// deno-lint-ignore no-explicit-any -- the schema above says what it is
function nodeOf({ name, op_type, input, output, attribute }: any): ReadNode {
  const attributes = Object.fromEntries(
    // deno-lint-ignore no-explicit-any -- likewise
    attribute.map(({ name, f, i, ints }: any) => [name, f ?? i ?? ints]),
  );
  return { name, op: op_type, inputs: input, outputs: output, attributes };
}

// deno-lint-ignore no-explicit-any -- the schema above says what it is
function valueOf({ name, type, doc_string }: any): ReadValue {
  // deno-lint-ignore no-explicit-any -- likewise
  const shape = type.tensor_type.shape.dim.map((dim: any) => dim.dim_param ?? dim.dim_value);
  return { name, shape, doc: doc_string };
}
