import {
  floatField,
  messageField,
  type MessageParts,
  messageParts,
  textField,
  varintField,
} from "../protobuf.ts";
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxType,
  OnnxValue,
} from "./graph.ts";

/** Fields of the protobuf messages by their number; onnx.proto names them. */
const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  docString: 6,
  graph: 7,
  opsetImport: 8,
  metadataProps: 14,
} as const;
const OPSET = { version: 2 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, f: 2, i: 3, ints: 8, type: 20 } as const;
const TENSOR = {
  dims: 1,
  dataType: 2,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;
const VALUE = { name: 1, type: 2, docString: 3 } as const;
const TYPE = { tensor: 1 } as const;
const TENSOR_TYPE = { elemType: 1, shape: 2 } as const;
const SHAPE = { dim: 1 } as const;
const DIMENSION = { value: 1, param: 2 } as const;

/** `TensorProto.DataType`, and bytes of an element. */
const TYPES: Record<OnnxType, { code: number; bytes: number }> = {
  float: { code: 1, bytes: 4 },
  int64: { code: 7, bytes: 8 },
};
const EXTERNAL = 1;

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;

/** Version of the format itself that an opset came with. */
const irVersion = (opset: number) => opset < 19 ? 8 : 9;

/** Where a tensor is that is in another file. */
export interface ExternalPlace {
  /** Name of the file, which lies beside the model. */
  file: string;
  offset: number;
}

/**
 * Encodes a model as its protobuf message; the numbers of its weights come late.
 *
 * @param placeOf Where a tensor is, if not in the message itself.
 */
export function encodeModel(
  { opset, producer, doc, metadata, graph }: OnnxModel,
  placeOf: (tensor: OnnxTensor) => ExternalPlace | undefined = () => undefined,
): MessageParts {
  return [
    varintField(MODEL.irVersion, irVersion(opset)),
    textField(MODEL.producerName, producer.name),
    textField(MODEL.producerVersion, producer.version),
    textField(MODEL.docString, doc),
    ...messageParts(MODEL.graph, encodeGraph(graph, placeOf)),
    messageField(MODEL.opsetImport, [varintField(OPSET.version, opset)]),
    ...entries(MODEL.metadataProps, metadata),
  ];
}

/** Bytes of a tensor's numbers. */
export function sizeBytes({ shape, type }: OnnxTensor): number {
  return shape.reduce((product, size) => product * size, TYPES[type].bytes);
}

function encodeGraph(
  { name, nodes, tensors, inputs, outputs }: OnnxGraph,
  placeOf: (tensor: OnnxTensor) => ExternalPlace | undefined,
): MessageParts {
  return [
    ...nodes.map((node) => messageField(GRAPH.node, encodeNode(node))),
    textField(GRAPH.name, name),
    ...tensors.flatMap((tensor) =>
      messageParts(GRAPH.initializer, encodeTensor(tensor, placeOf(tensor)))
    ),
    ...inputs.map((value) => messageField(GRAPH.input, encodeValue(value))),
    ...outputs.map((value) => messageField(GRAPH.output, encodeValue(value))),
  ];
}

function encodeNode({ name, op, inputs, outputs, attributes }: OnnxNode): Uint8Array[] {
  return [
    ...inputs.map((input) => textField(NODE.input, input)),
    ...outputs.map((output) => textField(NODE.output, output)),
    textField(NODE.name, name),
    textField(NODE.opType, op),
    ...Object.entries(attributes).map(([name, attribute]) =>
      messageField(NODE.attribute, [
        textField(ATTRIBUTE.name, name),
        ...encodeAttribute(attribute),
        varintField(ATTRIBUTE.type, ATTRIBUTE_TYPES[attribute.kind]),
      ])
    ),
  ];
}

function encodeAttribute({ kind, value }: OnnxAttribute): Uint8Array[] {
  switch (kind) {
    case "int":
      return [varintField(ATTRIBUTE.i, value)];
    case "float":
      return [floatField(ATTRIBUTE.f, value)];
    case "ints":
      return value.map((each) => varintField(ATTRIBUTE.ints, each));
  }
}

function encodeTensor(tensor: OnnxTensor, place: ExternalPlace | undefined): MessageParts {
  const length = sizeBytes(tensor);
  const head = [
    ...tensor.shape.map((size) => varintField(TENSOR.dims, size)),
    varintField(TENSOR.dataType, TYPES[tensor.type].code),
    textField(TENSOR.name, tensor.name),
  ];
  if (place === undefined) {
    return [...head, ...messageParts(TENSOR.rawData, [{ length, make: () => numbersOf(tensor) }])];
  }
  const { file, offset } = place;
  const where = { location: file, offset: String(offset), length: String(length) };
  return [
    ...head,
    ...entries(TENSOR.externalData, where),
    varintField(TENSOR.dataLocation, EXTERNAL),
  ];
}

/**
 * The bytes of a tensor's numbers.
 *
 * @throws {Error} If they are not as many as its shape says.
 */
export async function numbersOf(tensor: OnnxTensor): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await tensor.values();
  if (byteLength === sizeBytes(tensor)) return new Uint8Array(buffer, byteOffset, byteLength);
  throw new Error(
    `Cannot write ${tensor.name}: it must have ${sizeBytes(tensor)} bytes, got ${byteLength}`,
  );
}

function encodeValue({ name, type, shape, doc }: OnnxValue): Uint8Array[] {
  const dims = shape.map((size) =>
    messageField(SHAPE.dim, [
      typeof size === "number"
        ? varintField(DIMENSION.value, size)
        : textField(DIMENSION.param, size),
    ])
  );
  const tensor = [
    varintField(TENSOR_TYPE.elemType, TYPES[type].code),
    messageField(TENSOR_TYPE.shape, dims),
  ];
  return [
    textField(VALUE.name, name),
    messageField(VALUE.type, [messageField(TYPE.tensor, tensor)]),
    textField(VALUE.docString, doc),
  ];
}

function entries(field: number, texts: Readonly<Record<string, string>>): Uint8Array[] {
  return Object.entries(texts).map(([key, value]) =>
    messageField(field, [textField(ENTRY.key, key), textField(ENTRY.value, value)])
  );
}
