import type { Dispatch } from "../gpu/recorder.ts";
import type { Storage, Tensor } from "../gpu/tensor.ts";

/**
 * The part of the model that each dispatch of a phase works for, in the order of the phase: such as
 * `student.backbone.blocks.3.attn.qkv`, `teacher.dino_head.mlp.0`, `ibot_loss`, `optimizer`.
 *
 * Names come from the parameters that a dispatch reads or writes; one without any belongs where its
 * data come from and go to: attention lies between `attn.qkv` and `attn.proj`, so it is `attn`.
 */
export function modelParts(phase: string, dispatches: readonly Dispatch[]): string[] {
  const fixed = PHASE_PARTS[phase];
  if (fixed !== undefined) return dispatches.map(() => fixed);
  if (phase.startsWith("evaluate.")) return dispatches.map(() => "evaluation");
  const own = dispatches.map(ownPart);
  const sources = neighbours(dispatches, own);
  // Backwards, for what a dispatch writes is read by a later one.
  const targets = neighbours(dispatches.toReversed(), own.toReversed()).reverse();
  return own.map((part, i) => {
    if (part !== undefined) return part;
    const [source, target] = [sources[i], targets[i]];
    const { label } = dispatches[i];
    // Partial sums are of what adds them up.
    if (label.includes("partial")) return target ?? source ?? "other";
    const found = between(source, target) ?? "other";
    return label.startsWith("attention") ? found.replace(/\.attn\..*/, ".attn") : found;
  });
}

/** Phases that are of one part as a whole. */
const PHASE_PARTS: Record<string, string | undefined> = {
  views: "views",
  begin: "zeroing", // and rounding of weights, in 16-mixed
  update: "optimizer",
};

/** Tensors and kernels of the losses, by how their names begin. */
const LOSS_PARTS: [RegExp, string][] = [
  [/^dino[._](?!head)/, "dino_loss"],
  [/^ibot[._](?!head)/, "ibot_loss"],
  [/^(koleo\.|cls_features)/, "koleo_loss"],
  [/^(batch_center|center\.)/, "centers"],
  [/^(metrics|sums\.)/, "metrics"],
];

/** The part that a dispatch names by itself. */
function ownPart({ label, inputs, outputs }: Dispatch): string | undefined {
  // What it is called and what it writes say more than what it reads.
  const [kernel, data = ""] = label.split(" ");
  const named = [data, kernel, ...outputs.map(({ label }) => label)].map(lossPart)
    .find((part) => part !== undefined);
  const parameter = [...inputs, ...outputs].find(isParameter);
  return parameter === undefined ? named : named ?? partOfParameter(parameter.label);
}

function lossPart(name: string): string | undefined {
  return LOSS_PARTS.find(([pattern]) => pattern.test(name))?.[1];
}

function isParameter({ label, storage }: Tensor): boolean {
  const { kind } = storage;
  const isKind = kind === "parameters" || kind === "gradients" || kind === "teacher";
  return isKind && label !== storage.label; // else it is all of them
}

/** `student.backbone.blocks.0.attn.qkv` for `backbone.blocks.0.attn.qkv.weight.grad`. */
function partOfParameter(label: string): string {
  const [network, name] = label.startsWith("teacher.")
    ? ["teacher", label.slice("teacher.".length)]
    : ["student", label];
  const module = name.replace(/\.(grad|working)$/, "")
    .replace(/\.(weight|bias|gamma|weight_[vg])$/, "")
    .replace(/(cls_token|mask_token|register_tokens)$/, "tokens");
  return `${network}.${module}`;
}

/** For each dispatch the part of the last one before it that shares a tensor with it. */
function neighbours(
  dispatches: readonly Dispatch[],
  own: readonly (string | undefined)[],
): (string | undefined)[] {
  const partOf = new Map<Storage, string>();
  return dispatches.map(({ inputs, outputs }, i) => {
    const transient = [...outputs, ...inputs].map(({ storage }) => storage)
      .filter(({ kind }) => kind === "activations");
    const near = transient.map((storage) => partOf.get(storage))
      .find((part) => part !== undefined);
    const part = own[i] ?? near;
    if (part !== undefined) { for (const storage of transient) partOf.set(storage, part); }
    return near;
  });
}

/** Words that a module's name begins with, such as `student.backbone`. */
const NETWORK_WORDS = 2;

/** What two parts have in common; of parts that have nothing, the later one, the model before losses. */
function between(source: string | undefined, target: string | undefined): string | undefined {
  if (source === undefined || target === undefined) return target ?? source;
  const [a, b] = [source.split("."), target.split(".")];
  const shared = a.findIndex((word, i) => word !== b[i]);
  const length = shared < 0 ? a.length : shared;
  if (length > NETWORK_WORDS) return a.slice(0, length).join(".");
  return target.includes(".") ? target : source;
}
