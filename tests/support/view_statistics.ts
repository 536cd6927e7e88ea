import { JITTER_OPS } from "../../src/views/color_jitter.ts";
import { drawViewParams, type ViewParams } from "../../src/views/draw_view.ts";
import {
  DEFAULT_TRANSFORM_ARGS,
  type TransformArgs,
  type ViewSpec,
  viewSpecs,
} from "../../src/views/view_spec.ts";
import { type Sampled } from "../../src/golden/sampled.ts";
import { randomStream } from "../../src/random.ts";
import { keptProbabilities } from "../reference/channel_drop.ts";
import {
  cropBoxOutcomes,
  distributionOf,
  tenthOf,
  tenthProbabilities,
} from "../reference/crop_box.ts";
import { compareCounts, compareMean, compareShare, compareUniform } from "./statistics.ts";

/** Views drawn of each kind. */
export const DRAWS = 10_000;

type Size = readonly [width: number, height: number];

/** Comparisons of one kind of view on one size of image. */
export interface ViewStatistics {
  title: string;
  size: Size;
  spec: ViewSpec;
  params: ViewParams[];
  comparisons: Sampled[];
}

const SIZES: Size[] = [[640, 480], [300, 500]];

/** What the recipe leaves out: four channels of which two are kept, rotations, drawn kernels. */
const OTHER_ARGS: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  num_channels: 4,
  channel_drop: { num_channels_keep: 2, weight_drop: [1, 2, 3, 0] },
  random_flip: { horizontal_prob: 0.5, vertical_prob: 0.3 },
  random_rotation: { prob: 0.3, degrees: 20 },
  gaussian_blur: { prob: 0.5, sigmas: [0.5, 3], blur_limit: [3, 7] },
};

/**
 * Statistics of the views of the default recipe and of what it leaves out, beside expectations.
 *
 * The draws are those of the first 10,000 images of a run with this seed, an epoch for each size.
 */
export function viewStatistics(seed: number): ViewStatistics[] {
  const { globals, locals } = viewSpecs(DEFAULT_TRANSFORM_ARGS);
  const kinds: [string, ViewSpec][] = [
    ["First global view", globals[0]],
    ["Second global view", globals[1]],
    ["Local view", locals[0]],
  ];
  const recipe = SIZES.flatMap((size, epoch) =>
    kinds.map(([kind, spec], view) => {
      const params = drawMany(seed, epoch, view, size, spec);
      const comparisons = [
        ...opComparisons(spec, params),
        ...boxComparisons(spec, size, params),
        ...jitterComparisons(spec, params),
      ];
      return { title: `${kind}, image of ${size.join(" x ")}`, size, spec, params, comparisons };
    })
  );
  const [other] = viewSpecs(OTHER_ARGS).globals;
  const params = drawMany(seed, SIZES.length, 0, SIZES[0], other);
  const comparisons = [...opComparisons(other, params), ...otherComparisons(other, params)];
  const title = "First global view with what the recipe leaves out";
  return [...recipe, { title, size: SIZES[0], spec: other, params, comparisons }];
}

function drawMany(
  seed: number,
  epoch: number,
  view: number,
  [width, height]: Size,
  spec: ViewSpec,
) {
  return Array.from({ length: DRAWS }, (_, index) => {
    const stream = randomStream(seed, "views", epoch, index, 0, view);
    return drawViewParams(stream, { width, height }, spec);
  });
}

function opComparisons(spec: ViewSpec, params: ViewParams[]): Sampled[] {
  const share = (name: string, p: number | undefined, happened: (each: ViewParams) => boolean) =>
    compareShare(name, p ?? 0, params.filter(happened).length, params.length);
  const hasColors = spec.num_channels === 3 && spec.channel_drop === null;
  const ofColors = (p: number | null | undefined) => hasColors ? p ?? 0 : 0;
  const sigmas = params.flatMap(({ blur }) => blur?.sigma ?? []);
  return [
    share("flipped left to right", spec.random_flip?.horizontal_prob, (p) => p.flipHorizontal),
    share("flipped top to bottom", spec.random_flip?.vertical_prob, (p) => p.flipVertical),
    share("rotated", spec.random_rotation?.prob, (p) => p.rotation !== null),
    share("jittered", ofColors(spec.color_jitter?.prob), (p) => p.jitter !== null),
    share("made grey", ofColors(spec.random_gray_scale), (p) => p.gray),
    share("blurred", spec.gaussian_blur?.prob, (p) => p.blur !== null),
    share("solarized", ofColors(spec.solarize?.prob), (p) => p.solarizeThreshold !== null),
    compareUniform("mean sigma of a blur", spec.gaussian_blur!.sigmas, sigmas),
  ];
}

function boxComparisons(spec: ViewSpec, [width, height]: Size, params: ViewParams[]) {
  const outcomes = cropBoxOutcomes([width, height], spec.random_resize!);
  const boxes = params.map(({ box: { x0, y0, x1, y1 } }) => ({
    x0,
    y0,
    width: x1 - x0,
    height: y1 - y0,
  }));
  type Sides = { width: number; height: number };
  const quantity = (name: string, of: (sides: Sides) => number) => {
    const { mean, deviation, quantile } = distributionOf(outcomes, of);
    const values = boxes.map(of);
    return [
      compareMean(`mean ${name}`, { mean, deviation }, values),
      ...[0.1, 0.5, 0.9].map((p) => {
        const { value, share } = quantile(p);
        const title = `${name} up to ${value.toFixed(3)}, its ${p} quantile`;
        return compareShare(title, share, values.filter((v) => v <= value).length, values.length);
      }),
    ];
  };
  const position = (name: string, starts: number[], free: (sides: Sides) => number) => {
    const counts = new Float64Array(10);
    boxes.forEach((box, i) => counts[tenthOf(starts[i], free(box))]++);
    return compareCounts(
      `χ² of the ${name}, in tenths`,
      tenthProbabilities(outcomes, free),
      counts,
    );
  };
  const middle = outcomes[outcomes.length - 1];
  const isMiddle = (box: typeof boxes[number]) =>
    box.width === middle.width && box.height === middle.height &&
    box.x0 === (width - box.width) >> 1 && box.y0 === (height - box.height) >> 1;
  // Ten misfits, or that very box by chance.
  const p = outcomes.filter((box) => box.width === middle.width && box.height === middle.height)
    .reduce((sum, box) => {
      const places = box.middle ? 1 : (width - box.width + 1) * (height - box.height + 1);
      return sum + box.probability / places;
    }, 0);
  const rare = p * boxes.length < 10; // too few for a standard error to mean anything
  return [
    ...rare ? [] : [
      compareShare("largest box of the middle", p, boxes.filter(isMiddle).length, boxes.length),
    ],
    ...quantity("share of the area", (box) => box.width * box.height / (width * height)),
    ...quantity("log of the aspect", (box) => Math.log(box.width / box.height)),
    position("left edge", boxes.map(({ x0 }) => x0), (box) => width - box.width),
    position("top edge", boxes.map(({ y0 }) => y0), (box) => height - box.height),
  ];
}

/** The range that a factor of a jitter is drawn from. */
export function jitterRange(spec: ViewSpec, op: (typeof JITTER_OPS)[number]): [number, number] {
  const reach = spec.color_jitter!.strength * spec.color_jitter![op];
  return op === "hue" ? [-reach, reach] : [1 - reach, 1 + reach];
}

function jitterComparisons(spec: ViewSpec, params: ViewParams[]): Sampled[] {
  const jitters = params.flatMap(({ jitter }) => jitter ?? []);
  const orders = new Map<string, number>();
  for (const { order } of jitters) orders.set(order.join(), (orders.get(order.join()) ?? 0) + 1);
  const counts = [...orders.values(), ...Array(24).fill(0)].slice(0, 24);
  return [
    ...JITTER_OPS.map((op) =>
      compareUniform(`mean ${op}`, jitterRange(spec, op), jitters.map((jitter) => jitter[op]))
    ),
    compareCounts("χ² of the 24 orders of a jitter", Array(24).fill(1 / 24), counts),
  ];
}

function otherComparisons({ channel_drop, random_rotation }: ViewSpec, params: ViewParams[]) {
  const angles = params.flatMap(({ rotation }) => rotation ?? []);
  const { degrees } = random_rotation!;
  const { weight_drop, num_channels_keep } = channel_drop!;
  const kernels = params.flatMap(({ blur }) => blur?.kernelSize ?? []);
  const sizes = [3, 5, 7].map((size) => kernels.filter((kernel) => kernel === size).length);
  return [
    compareUniform("mean angle", [-degrees, degrees], angles),
    compareUniform("mean size of an angle", [0, degrees], angles.map(Math.abs)),
    ...[...keptProbabilities(weight_drop, num_channels_keep)].map(([kept, p]) => {
      const hits = params.filter(({ keep }) => keep.join() === kept).length;
      return compareShare(`kept channels ${kept}`, p, hits, params.length);
    }),
    // Of 3 to 7 the even ones become the next odd ones.
    compareCounts("χ² of kernel sizes 3, 5 and 7", [1 / 5, 2 / 5, 2 / 5], sizes),
  ];
}
