// How files call the weights of a DINOv2 backbone, and how we do: under DINOv2's official names.

/** Where an official weight is in a file: one tensor, or several laid one after another. */
export type WeightPlace = readonly string[];

/** What every file of either naming has, and which names begin where it begins. */
const ANCHORS = ["patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight"];

/** Names of the Hugging Face models Dinov2Model and Dinov2WithRegistersModel, as patterns. */
const HUGGING_FACE: [RegExp, string][] = [
  [/^embeddings\.position_embeddings$/, "pos_embed"],
  [/^embeddings\.(cls_token|mask_token|register_tokens)$/, "$1"],
  [/^embeddings\.patch_embeddings\.projection\./, "patch_embed.proj."],
  [/^encoder\.layer\.(\d+)\.attention\.output\.dense\./, "blocks.$1.attn.proj."],
  [/^encoder\.layer\.(\d+)\.layer_scale([12])\.lambda1$/, "blocks.$1.ls$2.gamma"],
  [/^encoder\.layer\.(\d+)\.mlp\.weights_in\./, "blocks.$1.mlp.w12."],
  [/^encoder\.layer\.(\d+)\.mlp\.weights_out\./, "blocks.$1.mlp.w3."],
  [/^encoder\.layer\.(\d+)\.(norm[12]|mlp)\./, "blocks.$1.$2."],
  [/^layernorm\./, "norm."],
];

/** The linear layer of `embed_dim` on top of a backbone, which only our files have. */
const EMBED = ["embed.weight", "embed.bias"];

/** Query, key and value, which stand apart there. */
const ATTENTION = /^encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.(weight|bias)$/;

/**
 * Finds a backbone in a file of weights, whatever comes before its names: `teacher.`, `model.`,
 * `backbone.`, `module.`; and however they are: official, with blocks in chunks
 * (`blocks.0.3.` for `blocks.3.`), or Hugging Face's.
 *
 * @param names As the file has them.
 * @param which Network to take where there are several.
 * @returns Places by official name, those of the layer on top beside them, and the names that belong
 * to something else.
 */
export function officialPlaces(
  names: Iterable<string>,
  which: "teacher" | "student" = "teacher",
): { places: Map<string, WeightPlace>; embed: Map<string, WeightPlace>; others: string[] } {
  const all = [...names];
  const prefix = prefixIn(all, which);
  const network = prefix?.replace(/backbone\.$/, "");
  const places = new Map<string, WeightPlace>();
  const embed = new Map<string, WeightPlace>();
  const others: string[] = [];
  const attention = new Map<string, Record<string, string>>();
  for (const name of all) {
    const onTop = EMBED.find((each) => name === network + each);
    if (onTop !== undefined) {
      embed.set(onTop, [name]);
      continue;
    }
    if (prefix === undefined || !name.startsWith(prefix)) {
      others.push(name);
      continue;
    }
    const inner = name.slice(prefix.length);
    const part = ATTENTION.exec(inner);
    if (part !== null) {
      const [, block, which, kind] = part;
      const official = `blocks.${block}.attn.qkv.${kind}`;
      attention.set(official, { ...attention.get(official), [which]: name });
    } else places.set(officialName(inner), [name]);
  }
  for (const [official, { query, key, value }] of attention) {
    if (query && key && value) places.set(official, [query, key, value]);
  }
  return { places, embed, others };
}

/** What comes before the names of the backbone. */
function prefixIn(names: readonly string[], which: string): string | undefined {
  const prefixes = ANCHORS.flatMap((anchor) =>
    names.filter((name) => name === anchor || name.endsWith(`.${anchor}`))
      .map((name) => name.slice(0, -anchor.length))
  );
  return prefixes.find((prefix) => prefix.split(".").includes(which)) ?? prefixes[0];
}

function officialName(name: string): string {
  const chunked = name.replace(/^blocks\.\d+\.(\d+)\./, "blocks.$1.");
  for (const [pattern, official] of HUGGING_FACE) {
    if (pattern.test(chunked)) return chunked.replace(pattern, official);
  }
  return chunked;
}
