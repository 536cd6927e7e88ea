import type { TrainOptions } from "../../src/config/train_config.ts";

/** One size of an axis: the number that cost is held against, and the settings it stands for. */
export interface AxisPoint {
  n: number;
  options: Partial<TrainOptions>;
}

/** What a step's cost should be linear in, everything else kept. */
export interface Axis {
  name: string;
  /** What `n` counts. */
  counts: string;
  points: AxisPoint[];
}

/** A step as the axes vary it. */
interface Sizes {
  batch: number;
  localViews: number;
  /** Side of a global view in pixels. */
  image: number;
  prototypes: number;
}

/** The step that axes vary: its middle sizes, and those of each axis. */
interface AxisSet {
  middle: Sizes;
  options: (sizes: Sizes) => Partial<TrainOptions>;
  patchSize: number;
  batches: number[];
  localViews: number[];
  images: number[];
  prototypes: number[];
}

/** Small enough that a processor does a step in a second. */
const SOFTWARE: AxisSet = {
  middle: { batch: 8, localViews: 8, image: 64, prototypes: 4096 },
  options: ({ batch, localViews, image, prototypes }) => ({
    model: "dinov2/vittest",
    model_args: { embed_dim: 192, depth: 2, num_heads: 3, patch_size: 8, img_size: 64 },
    batch_size: batch,
    method_args: { hidden_dim: 512, dino_bottleneck_dim: 64, output_dim: prototypes },
    transform_args: {
      image_size: [image, image],
      local_view: { num_views: localViews, view_size: [32, 32] },
    },
  }),
  patchSize: 8,
  batches: [4, 8, 12, 16],
  localViews: [2, 6, 10, 14],
  images: [64, 80, 96, 128],
  prototypes: [4096, 16_384, 32_768, 65_536],
};

/** ViT-S/14 as it is trained; a quarter of the usual batch, for four of them are there at once. */
const HARDWARE: AxisSet = {
  middle: { batch: 16, localViews: 8, image: 224, prototypes: 65_536 },
  options: ({ batch, localViews, image, prototypes }) => ({
    model: "dinov2/vits14-notpretrained",
    batch_size: batch,
    method_args: { output_dim: prototypes },
    transform_args: {
      image_size: [image, image],
      local_view: { num_views: localViews, view_size: [98, 98] },
    },
  }),
  patchSize: 14,
  batches: [8, 16, 24, 32],
  localViews: [2, 6, 10, 14],
  images: [112, 168, 224, 280],
  prototypes: [16_384, 32_768, 65_536, 131_072],
};

/** The axes of an adapter of this kind. */
export function axesFor({ software }: { software: boolean }): Axis[] {
  const { middle, options, patchSize, ...sizes } = software ? SOFTWARE : HARDWARE;
  const axis = (
    name: string,
    counts: string,
    values: readonly number[],
    vary: (value: number) => Partial<Sizes>,
    count = (value: number) => value,
  ): Axis => ({
    name,
    counts,
    points: values.map((value) => ({
      n: count(value),
      options: options({ ...middle, ...vary(value) }),
    })),
  });
  return [
    axis("batch", "images of a batch", sizes.batches, (batch) => ({ batch })),
    axis("local views", "local views of an image", sizes.localViews, (localViews) => ({
      localViews,
    })),
    axis(
      "image size",
      "patches of a global view",
      sizes.images,
      (image) => ({ image }),
      (image) => (image / patchSize) ** 2,
    ),
    axis("prototypes", "prototypes", sizes.prototypes, (prototypes) => ({ prototypes })),
  ];
}
