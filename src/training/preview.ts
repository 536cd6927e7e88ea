import type { TrainConfig } from "../config/train_config.ts";
import { decodeImage } from "../images/decode.ts";
import { describeView, percent } from "../views/describe_view.ts";
import type { ViewParams } from "../views/draw_view.ts";
import { epochOrder } from "../data/epoch_order.ts";
import { type ImageProblem, type ImageSet, readImageBytes } from "../images/image_set.ts";
import { drawAll } from "../data/item.ts";
import { unreadableError } from "../data/loader.ts";
import type { Raster } from "../images/raster.ts";
import { noneReadable } from "../images/readable.ts";
import { reduceImage } from "../views/reduce.ts";
import { renderView, viewPixels } from "../views/render_view.ts";
import {
  LARGE_SIDE,
  type SheetHeading,
  type SheetRow,
  shrinkToFit,
  type ViewMask,
  viewSheet,
} from "../report/view_sheet.ts";
import { masksOf, stepShape } from "./run_setup.ts";
import { globalGrid, type StepShape } from "./step_shape.ts";

/** Images that a preview shows; reading and rendering them takes a second. */
const MOST_IMAGES = 8;
/** Local views of an image that fit a screen's width. */
const MOST_LOCALS = 12;

/** An image of a run's first batch. */
export interface PreviewItem {
  name: string;
  width: number;
  height: number;
  /** The image, no larger than a picture needs: whole ones may take half a gigabyte each. */
  small: Raster;
  /** Two global views, then the local ones; values are `[channels, height, width]`. */
  views: { params: ViewParams; label: string; values: Float32Array }[];
  /** Unreadable images that this one stands in for. */
  errors: ImageProblem[];
}

/** A picture of a run's first batch. */
export interface Preview {
  png: Uint8Array<ArrayBuffer>;
  /** Images it shows. */
  shown: number;
  /** Images of the batch. */
  batchSize: number;
  /** Views of each image. */
  views: number;
  /** Unreadable images that others stand in for. */
  errors: ImageProblem[];
}

/**
 * Draws a run's first batch: its first images, their views as the network sees them, and over the
 * global ones the masks of the first step. Needs no GPU.
 *
 * @throws {DataError} If no image can be read; with `data_errors` "fail", if one cannot.
 */
export async function previewOf(config: TrainConfig, images: ImageSet): Promise<Preview> {
  const items = await firstItems(config, images);
  const batchSize = Math.min(config.batch_size, images.names.length);
  const shape = stepShape(config, batchSize);
  const masks = masksOf(shape, config.seed, 0, 0);
  const rows = items.map((item, b) =>
    rowOf(item, [0, 1].map((view) => maskOf(shape, masks, view * batchSize + b)))
  );
  const errors = new Map(items.flatMap((item) => item.errors).map((each) => [each.name, each]));
  return {
    png: viewSheet(rows, headingOf(config, shape, rows, shareOf(masks))),
    shown: items.length,
    batchSize,
    views: rows[0].views.length,
    errors: [...errors.values()],
  };
}

/**
 * The first images of a run's first batch with the views that the loader makes of them, bit for
 * bit: both are functions of the seed.
 *
 * @throws {DataError} If no image can be read; with `data_errors` "fail", if one cannot.
 */
export async function firstItems(
  config: TrainConfig,
  images: ImageSet,
): Promise<PreviewItem[]> {
  const order = epochOrder(config.seed, 0, images.names.length);
  const count = Math.min(MOST_IMAGES, config.batch_size, images.names.length);
  const items: PreviewItem[] = [];
  for (let position = 0; position < count; position++) { // one image in memory at a time
    items.push(await itemAt(config, images, order, position));
  }
  return items;
}

/** The image at one position of the epoch or, as in the loader, the next one that can be read. */
async function itemAt(
  { data_errors, seed, transform_args: args }: TrainConfig,
  images: ImageSet,
  order: Uint32Array,
  position: number,
): Promise<PreviewItem> {
  const count = images.names.length;
  const errors: ImageProblem[] = [];
  for (let attempt = 0; attempt < count; attempt++) {
    const index = order[(position + attempt) % count];
    const name = images.names[index];
    try {
      const bytes = await readImageBytes(images.location(index));
      const whole = await decodeImage(bytes, args.num_channels);
      const { width, height } = whole;
      const small = thumbnailOf(whole, args.image_size);
      const image = reduceImage(whole, args);
      const drawn = drawAll(image, args, { seed, epoch: 0, index, attempt });
      const views = drawn.slice(0, 2 + MOST_LOCALS).map((params) => {
        const values = new Float32Array(params.keep.length * params.height * params.width);
        renderView(image, params, values);
        return { params, label: describeView(params, image), values };
      });
      return { name, width, height, small, views, errors };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (data_errors === "fail") throw unreadableError(name, message);
      errors.push({ name, message });
    }
  }
  throw noneReadable(count, errors[0].name, errors[0].message);
}

/** The image as large as the sheet may show it: as a view, or as one that is enlarged. */
function thumbnailOf(image: Raster, [height, width]: readonly [number, number]): Raster {
  const size = { width: Math.max(width, LARGE_SIDE), height: Math.max(height, LARGE_SIDE) };
  return shrinkToFit(image, size);
}

function rowOf({ name, width, height, small, views }: PreviewItem, masks: ViewMask[]): SheetRow {
  return {
    name,
    note: `${width} × ${height}`,
    source: small,
    views: views.map(({ params, label, values }, v) => {
      const pixels = viewPixels(values, params);
      if (v >= masks.length) return { pixels, label };
      const share = shareOf(masks[v].patches);
      const note = share === 0 ? "no mask" : `mask ${percent(share)}`;
      return { pixels, label: `${label}\n${note}`, mask: masks[v] };
    }),
  };
}

function maskOf(shape: StepShape, masks: Uint8Array, crop: number): ViewMask {
  const grid = globalGrid(shape);
  const patches = grid[0] * grid[1];
  return { grid, patches: masks.subarray(crop * patches, (crop + 1) * patches) };
}

function headingOf(
  { data, model, seed }: TrainConfig,
  { batchSize, globalSize, localSize, localViews, model: { patchSize } }: StepShape,
  rows: SheetRow[],
  maskShare: number,
): SheetHeading {
  const shownLocals = rows[0].views.length - 2;
  const some = shownLocals < localViews ? `${shownLocals} of ` : "";
  const locals = localViews === 0
    ? "no local views"
    : `${some}${localViews} local views of ${sizeText(localSize)}`;
  const run = [
    `data ${[data].flat().join(", ")}`,
    `model ${model}`,
    `seed ${seed}`,
    "step 0",
    `${rows.length} of ${batchSize} images`,
  ];
  const sizes = [
    `2 global views of ${sizeText(globalSize)}`,
    locals,
    `patches of ${patchSize} × ${patchSize}`,
    `masked: ${percent(maskShare)} of all patches of the batch's global views`,
  ];
  const columns = Array.from({ length: shownLocals }, (_, v) => `local ${v}`);
  return {
    title: "First batch, as the network sees it",
    notes: [run.join("  ·  "), sizes.join("  ·  ")],
    columns: ["image", "global 0", "global 1", ...columns],
  };
}

/** Width first, as sizes of pictures are given. */
function sizeText([height, width]: readonly [number, number]): string {
  return `${width} × ${height}`;
}

/** Share of the patches that are masked. */
function shareOf(patches: Uint8Array): number {
  return patches.reduce((sum, masked) => sum + masked, 0) / patches.length;
}
