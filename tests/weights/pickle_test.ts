import { deepEqual, throws } from "node:assert/strict";
import { CheckpointError } from "../../src/safetensors.ts";
import { readPickle } from "../../src/weights/pickle.ts";

/** A pickle from text, each letter a byte. */
function pickle(...parts: string[]): Uint8Array {
  return Uint8Array.from(parts.join(""), (letter) => letter.charCodeAt(0));
}

const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;

/** A storage of floats under a key, and a tensor over it. */
const STORAGE = `(${text("storage")}ctorch\nFloatStorage\n${text("7")}${text("cpu")}K\x06tQ`;
const TENSOR = "ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE +
  "K\x01K\x02K\x03\x86K\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtR";

Deno.test("readPickle() reads dictionaries, lists, numbers and tensors", () => {
  const value = readPickle(
    pickle(
      "\x80\x02}q\x00(",
      text("a") + TENSOR,
      text("b") + "]q\x01(K\x05M\x01\x02J\xff\xff\xff\xffG\x3f\xf8\0\0\0\0\0\0\x88Ne",
      text("c") + "ccollections\nOrderedDict\n)R" + text("k") + "h\x01s",
      text("d") + "\x8a\x02\x00\x80",
      "u.",
    ),
    "x",
  );
  const list = [5, 513, -1, 1.5, true, null];
  const tensor = {
    kind: "tensor",
    storage: "7",
    type: "Float",
    offset: 1,
    shape: [2, 3],
    stride: [3, 1],
  };
  deepEqual(
    value,
    new Map<string, unknown>([
      ["a", tensor],
      ["b", list],
      ["c", new Map([["k", list]])],
      ["d", -32768],
    ]),
  );
});

Deno.test("readPickle() refuses every name but those of tensors, and runs nothing", () => {
  const refused = (bytes: Uint8Array, wanted: string, at: number) =>
    throws(
      () => readPickle(bytes, "evil.pth"),
      new CheckpointError(
        `Cannot read "evil.pth": its pickle must ${wanted} at byte ${at}; save the weights alone, ` +
          "a dictionary of names and tensors",
      ),
    );
  refused(
    pickle("cos\nsystem\n(", text("touch x"), "tR."),
    'hold tensors, dictionaries and numbers alone, got "os.system"',
    11,
  );
  refused(
    pickle(text("builtins"), text("eval"), "\x93."),
    'hold tensors, dictionaries and numbers alone, got "builtins.eval"',
    23,
  );
  refused(
    pickle("ccollections\nOrderedDict\n", text("__proto__"), "s."),
    "be well-formed, got items without a dictionary",
    40,
  );
  refused(pickle("ctorch\nFloatStorage\n)R."), "not call torch.FloatStorage, got a call of it", 22);
  refused(pickle(")}R."), "call nothing but what makes tensors, got something else", 3);
  refused(pickle("ios\nsystem\n."), "hold plain values alone, got instruction 0x69", 1);
  refused(pickle("}(", text("a"), "u."), "pair keys with values, got an odd number", 9);
  refused(pickle("h\x05."), "be well-formed, got an unknown memory", 2);
  refused(pickle("]("), "end with a whole value, got a cut-off one", 3);
  refused(pickle("X\xff\xff\xff\x7fa."), "end with a whole value, got a cut-off one", 5);
  refused(
    pickle("ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR."),
    "describe tensors as PyTorch does, got a tensor without a storage",
    40,
  );
});

Deno.test("readPickle() keeps names such as __proto__ as plain keys", () => {
  const value = readPickle(pickle("}", text("__proto__"), "}", text("x"), "K\x01ss."), "x");
  deepEqual(value, new Map([["__proto__", new Map([["x", 1]])]]));
  deepEqual(({} as Record<string, unknown>).x, undefined);
});
