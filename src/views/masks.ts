import type { RandomStream } from "../random.ts";

/** Which crops of a batch get how many masked patches. */
export interface MaskSettings {
  /** Global crops of the batch, both views together. */
  crops: number;
  /** Patches of a crop, `[rows, columns]`. */
  grid: [rows: number, columns: number];
  /** Share of the crops that get a mask. */
  maskProbability: number;
  /** Least share of masked patches in a crop with a mask. */
  maskRatioMin: number;
  /** Greatest share of masked patches in a crop with a mask. */
  maskRatioMax: number;
}

const MIN_BLOCK_PATCHES = 4;
const BLOCK_TRIES = 10;
const MAX_ASPECT = 1 / 0.3;

/**
 * Draws block-wise masks for the global crops of one batch.
 *
 * The asked crops take targets from evenly spaced intervals of the mask ratio, so that a batch
 * always spans it whole; then all crops are shuffled.
 *
 * @returns `[crops, rows · columns]`, 1 where the student sees the mask token.
 */
export function drawMasks(stream: RandomStream, settings: MaskSettings): Uint8Array {
  const { crops, grid } = settings;
  const patches = grid[0] * grid[1];
  const targets = ratioIntervals(settings).map(([lo, hi]) =>
    Math.floor(patches * stream.range(lo, hi))
  );
  while (targets.length < crops) targets.push(0);
  const drawn = targets.map((target) => blockMask(stream, grid, target));
  const masks = new Uint8Array(crops * patches);
  stream.shuffle(drawn).forEach((mask, crop) => masks.set(mask, crop * patches));
  return masks;
}

/** One interval of the mask ratio for each asked crop. */
function ratioIntervals(
  { crops, maskProbability, maskRatioMin, maskRatioMax }: MaskSettings,
): [lo: number, hi: number][] {
  const asked = Math.floor(crops * maskProbability);
  const step = (maskRatioMax - maskRatioMin) / asked;
  return Array.from(
    { length: asked },
    (_, i) => [maskRatioMin + i * step, maskRatioMin + (i + 1) * step],
  );
}

/** Adds rectangles until `target` patches are masked or no try fits; never masks more. */
function blockMask(stream: RandomStream, grid: [number, number], target: number): Uint8Array {
  const mask = new Uint8Array(grid[0] * grid[1]);
  let masked = 0;
  while (masked < target) {
    const added = addBlock(stream, mask, grid, target - masked);
    if (added === 0) break;
    masked += added;
  }
  return mask;
}

/** Masks one rectangle that adds 1 to `remaining` patches; returns how many, 0 if no try fits. */
function addBlock(
  stream: RandomStream,
  mask: Uint8Array,
  [rows, columns]: [number, number],
  remaining: number,
): number {
  const most = Math.min(remaining, rows * columns >> 1);
  for (let attempt = 0; attempt < BLOCK_TRIES; attempt++) {
    const area = stream.range(MIN_BLOCK_PATCHES, most);
    const aspect = Math.exp(stream.range(-Math.log(MAX_ASPECT), Math.log(MAX_ASPECT)));
    const height = Math.round(Math.sqrt(area * aspect));
    const width = Math.round(Math.sqrt(area / aspect));
    if (height >= rows || width >= columns) continue;
    const top = stream.int(rows - height + 1);
    const left = stream.int(columns - width + 1);
    let fresh = 0;
    for (let row = top; row < top + height; row++) {
      for (let col = left; col < left + width; col++) fresh += 1 - mask[row * columns + col];
    }
    if (fresh === 0 || fresh > most) continue;
    for (let row = top; row < top + height; row++) {
      mask.fill(1, row * columns + left, row * columns + left + width);
    }
    return fresh;
  }
  return 0;
}

/**
 * Lists the masked patches of a batch.
 *
 * @param masks `[crops, patches]` from {@linkcode drawMasks}.
 * @returns `indices` `[M]`, flat and ascending; `weights` `[M]`, 1 / masked patches of the crop.
 */
export function maskTable(
  masks: Uint8Array,
  crops: number,
  patches: number,
): { indices: Uint32Array; weights: Float32Array } {
  const indices: number[] = [];
  const weights: number[] = [];
  for (let crop = 0; crop < crops; crop++) {
    const before = indices.length;
    for (let i = crop * patches; i < (crop + 1) * patches; i++) if (masks[i]) indices.push(i);
    const masked = indices.length - before;
    for (let i = 0; i < masked; i++) weights.push(1 / masked);
  }
  return { indices: Uint32Array.from(indices), weights: Float32Array.from(weights) };
}

/** The most patches {@linkcode drawMasks} can mask in one batch with these settings. */
export function maxMaskedPatches(settings: MaskSettings): number {
  const patches = settings.grid[0] * settings.grid[1];
  return ratioIntervals(settings).reduce((sum, [, hi]) => sum + Math.floor(patches * hi), 0);
}
