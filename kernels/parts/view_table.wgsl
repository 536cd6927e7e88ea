// kernels/parts/view_table.wgsl: what is drawn for each view, as the kernels that make views read it.
//
// Shapes     views [V·B, words]: a record for each view, view 0 of all images first, as
//            src/views/view_table.ts writes it; the words from BLUR_WEIGHTS on are its blur kernel,
//            from the middle outwards.
//            pixels [V·B, height·width]: 8-bit channels, the first in the lowest byte of a word.

const IMAGE = 0u; // first byte of the image; NO_IMAGE: this view is left as it is
const ROW_BYTES = 1u; // of the image
const KEEP = 2u; // kept channels, one in a byte
const ROUNDING = 3u;
const FACTOR = 4u; // f32; what sums are multiplied with before they are rounded
const FLAGS = 5u;
const ROTATION = 6u; // six i32 in 1/65536 pixels: x from x, y and 1, then y
const JITTER_ORDER = 12u; // which change comes first, second, ..: four bits each
const BRIGHTNESS = 13u; // f32 factors
const CONTRAST = 14u;
const SATURATION = 15u;
const HUE_TURN = 16u; // 0..179
const SOLARIZE_FROM = 17u; // values from here on are inverted; 256: none
const BLUR_RADIUS = 18u;
const BLUR_WEIGHTS = 19u;

const NO_IMAGE = 0xffffffffu;
const FLIP_HORIZONTAL = 1u;
const FLIP_VERTICAL = 2u;
const ROTATED = 4u;
const GRAY = 8u;

struct Params {
  images: u32, views: u32, width: u32, height: u32, words: u32,
  channels: u32, kept: u32, // of an image, and of a view
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> views: array<u32>;

fn field(crop: u32, index: u32) -> u32 { return views[crop * params.words + index]; }
fn float_field(crop: u32, index: u32) -> f32 { return bitcast<f32>(field(crop, index)); }
fn int_field(crop: u32, index: u32) -> i32 { return bitcast<i32>(field(crop, index)); }
// True for the lanes past the last view too.
fn is_left_alone(crop: u32) -> bool {
  if (crop >= params.images * params.views) { return true; }
  return field(crop, IMAGE) == NO_IMAGE;
}
fn has_flag(crop: u32, flag: u32) -> bool { return (field(crop, FLAGS) & flag) != 0u; }

fn unpack(word: u32) -> vec4u {
  return vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(255u);
}

fn pack(value: vec4u) -> u32 {
  return value.x | (value.y << 8u) | (value.z << 16u) | (value.w << 24u);
}

// Index reflected into 0..size-1 about the edge pixels, which are not repeated.
fn mirror(index: i32, size: i32) -> i32 {
  if (index >= 0 && index < size) { return index; }
  if (size == 1) { return 0; }
  let period = 2 * (size - 1);
  let within = ((index % period) + period) % period;
  return select(period - within, within, within < size);
}
