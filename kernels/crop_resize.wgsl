// kernels/crop_resize.wgsl: cuts a box out of an image, resizes it to a view, and mirrors it.
//
// Math       y[row, col] = round(factor · Σ_i v_i Σ_j w_j x[i, j]),  i, j over the taps of row and
//            col: weights of a box average where both directions shrink or stay, else of linear
//            interpolation. Of a run of taps the first and the last have weights of their own.
// Shapes     images: bytes of all images, [height, width, channels] each, on word boundaries;
//            taps [V·B, width + height, 5]: first, count, first weight, middle ones, last, of each
//            column and then of each row;  pixels [V·B, height·width].
// Launch     one workgroup per tile of 8 x 8 pixels, image by image, so that the views of one
//            image find it in the cache.
// Numerics   f32 sums, columns before rows: the order of src/views/crop_resize.ts. The taps come
//            from there too, so positions are exact; a GPU that fuses multiply and add may round a
//            sum that is nearly a half the other way.

import package::parts::view_table::{
  FACTOR, field, FLIP_HORIZONTAL, FLIP_VERTICAL, float_field, has_flag, IMAGE, is_left_alone,
  KEEP, pack, params, ROUNDING, ROW_BYTES, unpack, views
};

const TILE = 8u;
const HALF_TO_EVEN = 0u;

@group(0) @binding(2) var<storage, read> taps: array<u32>;
@group(0) @binding(3) var<storage, read> images: array<u32>;
@group(0) @binding(4) var<storage, read_write> pixels: array<u32>;

struct Taps { first: u32, count: u32, head: f32, middle: f32, tail: f32 }

fn taps_at(index: u32) -> Taps {
  let at = index * 5u;
  return Taps(taps[at], taps[at + 1u], bitcast<f32>(taps[at + 2u]), bitcast<f32>(taps[at + 3u]),
              bitcast<f32>(taps[at + 4u]));
}

fn weight_of(run: Taps, tap: u32) -> f32 {
  if (tap == 0u) { return run.head; }
  return select(run.middle, run.tail, tap + 1u == run.count);
}

// The four bytes from a byte on; those past the channels belong to another pixel.
fn bytes_at(byte: u32) -> vec4f {
  let shift = (byte & 3u) * 8u;
  var word = images[byte >> 2u] >> shift;
  if (shift + params.channels * 8u > 32u) { word |= images[(byte >> 2u) + 1u] << (32u - shift); }
  return vec4f(unpack(word));
}

// The kept channels, in their order.
fn keep_channels(value: vec4u, keep: u32) -> u32 {
  let word = pack(value);
  let shift = unpack(keep) * 8u;
  return pack((vec4u(word) >> shift) & vec4u(255u));
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let tiles = (vec2u(params.width, params.height) + TILE - 1u) / TILE;
  let index = group.y * groups.x + group.x;
  let place = index / (tiles.x * tiles.y);
  let crop = place % params.views * params.images + place / params.views;
  let tile = index % (tiles.x * tiles.y);
  let col = tile % tiles.x * TILE + lane % TILE;
  let row = tile / tiles.x * TILE + lane / TILE;
  if (place >= params.images * params.views || is_left_alone(crop)) { return; }
  if (col >= params.width || row >= params.height) { return; }

  let table = crop * (params.width + params.height);
  let across = taps_at(table + col);
  let down = taps_at(table + params.width + row);
  let image = field(crop, IMAGE);
  let row_bytes = field(crop, ROW_BYTES);
  var sum = vec4f(0.0);
  for (var i = 0u; i < down.count; i++) {
    var byte = image + (down.first + i) * row_bytes + across.first * params.channels;
    var row_sum = vec4f(0.0);
    for (var j = 0u; j < across.count; j++) {
      row_sum += weight_of(across, j) * bytes_at(byte);
      byte += params.channels;
    }
    sum += weight_of(down, i) * row_sum;
  }
  sum *= float_field(crop, FACTOR);
  // round() takes a half to the even number.
  let rounded = select(floor(sum + 0.5), round(sum), field(crop, ROUNDING) == HALF_TO_EVEN);

  var to = vec2u(col, row);
  if (has_flag(crop, FLIP_HORIZONTAL)) { to.x = params.width - 1u - col; }
  if (has_flag(crop, FLIP_VERTICAL)) { to.y = params.height - 1u - row; }
  pixels[(crop * params.height + to.y) * params.width + to.x] =
    keep_channels(vec4u(rounded), field(crop, KEEP));
}
