/** Keeps `num_channels_keep` channels; the likelier dropped, the greater its weight. */
export interface ChannelDropArgs {
  num_channels_keep: number;
  weight_drop: number[]; // for each channel of the image; 0 for never
}

/** Area of the crop as a share of the image. */
export interface RandomResizeArgs {
  min_scale: number;
  max_scale: number;
}

export interface RandomFlipArgs {
  horizontal_prob: number;
  vertical_prob: number;
}

/** The angle lies within `degrees` in either direction. */
export interface RandomRotationArgs {
  prob: number;
  degrees: number;
}

/** Reach of each change, before it is multiplied by `strength`. */
export interface ColorJitterArgs {
  prob: number;
  strength: number;
  brightness: number;
  contrast: number;
  saturation: number;
  hue: number;
}

/** `blur_limit` bounds the kernel size; 0 derives it from sigma. */
export interface GaussianBlurArgs {
  prob: number;
  sigmas: [lo: number, hi: number];
  blur_limit: number | [lo: number, hi: number];
}

/** `threshold` is a share of full brightness. */
export interface SolarizeArgs {
  prob: number;
  threshold: number;
}

/** What one view is made with; `null` turns a change off. */
export interface ViewSpec {
  size: [height: number, width: number];
  num_channels: number; // of the image
  channel_drop: ChannelDropArgs | null;
  random_resize: RandomResizeArgs | null;
  random_flip: RandomFlipArgs | null;
  random_rotation: RandomRotationArgs | null;
  color_jitter: ColorJitterArgs | null;
  random_gray_scale: number | null; // probability
  gaussian_blur: GaussianBlurArgs | null;
  solarize: SolarizeArgs | null;
  normalize: { mean: number[]; std: number[] }; // for each channel of the image
}

/**
 * Whether views can be jittered, made grey or solarized: that is for whole RGB images, and means
 * nothing with other channels, nor on some of the three.
 */
export function hasColors(spec: Pick<ViewSpec, "num_channels" | "channel_drop">): boolean {
  return spec.num_channels === 3 && spec.channel_drop === null;
}

/** The augmentation options of all views, under LightlyTrain's names; sizes are [height, width]. */
export interface TransformArgs extends Omit<ViewSpec, "size"> {
  image_size: [height: number, width: number];
  global_view_1: Pick<ViewSpec, "gaussian_blur" | "solarize"> | null;
  local_view:
    | Pick<ViewSpec, "random_resize" | "gaussian_blur"> & {
      num_views: number;
      view_size: [height: number, width: number];
    }
    | null;
}

/** The reference's recipe for DINOv2: two views of 224 pixels, eight of 98. */
export const DEFAULT_TRANSFORM_ARGS: TransformArgs = {
  image_size: [224, 224],
  num_channels: 3,
  channel_drop: null,
  random_resize: { min_scale: 0.32, max_scale: 1 },
  random_flip: { horizontal_prob: 0.5, vertical_prob: 0 },
  random_rotation: null,
  color_jitter: {
    prob: 0.8,
    strength: 0.5,
    brightness: 0.8,
    contrast: 0.8,
    saturation: 0.4,
    hue: 0.2,
  },
  random_gray_scale: 0.2,
  gaussian_blur: { prob: 1, sigmas: [0.1, 2], blur_limit: 0 },
  solarize: null,
  normalize: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  global_view_1: {
    gaussian_blur: { prob: 0.1, sigmas: [0.1, 2], blur_limit: 0 },
    solarize: { prob: 0.2, threshold: 0.5 },
  },
  local_view: {
    num_views: 8,
    view_size: [98, 98],
    random_resize: { min_scale: 0.05, max_scale: 0.32 },
    gaussian_blur: { prob: 0.5, sigmas: [0.1, 2], blur_limit: 0 },
  },
};

/**
 * The views of one image: two global ones, then the local ones.
 *
 * `global_view_1` and `local_view` replace what they name; the rest they share with view 0.
 */
export function viewSpecs(
  args: TransformArgs,
): { globals: [ViewSpec, ViewSpec]; locals: ViewSpec[] } {
  const { global_view_1, local_view, image_size, ...shared } = args;
  const first: ViewSpec = { ...shared, size: image_size };
  const second: ViewSpec = { ...first, ...global_view_1 };
  if (local_view === null) return { globals: [first, second], locals: [] };
  const { num_views, view_size, ...changes } = local_view;
  const local: ViewSpec = { ...first, ...changes, size: view_size };
  return { globals: [first, second], locals: Array.from({ length: num_views }, () => local) };
}
