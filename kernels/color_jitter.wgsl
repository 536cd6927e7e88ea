// kernels/color_jitter.wgsl: brightness, contrast, saturation and hue in a drawn order; then grey.
//
// Math       brightness  v' = ⌊b·v⌋                    contrast  v' = ⌊c·v + (1 − c)·m⌋,
//            saturation  v' = ⌊s·v + (1 − s)·g + ½⌋    m = mean(g) over the view
//            hue         h' = (h + turn) mod 180, in HSV of 8 bits
//            gray        v' = g;   g = (9798 r + 19235 g + 3735 b + 2¹⁴) >> 15
//            all clamped to 0..255; every change sees what the one before it made.
// Shapes     pixels [V·B, height·width], packed, changed in place;  gray_sums [V·B] = Σ g, as the
//            contrast of each view sees it.
// Launch     gray_sums: one workgroup per view;  forward: one lane per pixel.
// Numerics   whole numbers, but for contrast and saturation, which are f32.

import package::parts::view_table::{
  BRIGHTNESS, CONTRAST, field, float_field, GRAY, has_flag, HUE_TURN, is_left_alone,
  JITTER_ORDER, pack, params, SATURATION, unpack
};

const LANES = 256u;

const BRIGHTNESS_CHANGE = 1u;
const CONTRAST_CHANGE = 2u;
const SATURATION_CHANGE = 3u;
const HUE_CHANGE = 4u;

fn clamp_to_byte(value: vec3f) -> vec3u { return vec3u(clamp(value, vec3f(0.0), vec3f(255.0))); }

fn luma(rgb: vec3u) -> u32 {
  return (9798u * rgb.x + 19235u * rgb.y + 3735u * rgb.z + 16384u) >> 15u;
}

// scale / value in 12-bit fixed point, rounded.
fn reciprocal(scale: u32, value: u32) -> i32 {
  return i32((scale * 8192u + value) / (2u * value));
}

fn turn_hue(rgb: vec3u, turn: u32) -> vec3u {
  let value = max(rgb.x, max(rgb.y, rgb.z));
  let spread = value - min(rgb.x, min(rgb.y, rgb.z));
  if (spread == 0u) { return rgb; } // a grey has no hue
  let saturation = u32((i32(spread) * reciprocal(255u, value) + 2048) >> 12u);
  let wide = i32(spread);
  let c = vec3i(rgb);
  var sector = c.x - c.y + 4 * wide;
  if (value == rgb.x) { sector = c.y - c.z; }
  else if (value == rgb.y) { sector = c.z - c.x + 2 * wide; }
  let angle = (sector * reciprocal(30u, spread) + 2048) >> 12u;
  return from_hsv((u32(angle + 180) + turn) % 180u, saturation, value);
}

fn from_hsv(hue: u32, saturation: u32, value: u32) -> vec3u {
  let part = hue % 30u;
  let low = value * (255u - saturation) / 255u;
  let falling = value * (7650u - saturation * part) / 7650u;
  let rising = value * (7650u - saturation * (30u - part)) / 7650u;
  switch (hue / 30u) {
    case 0u: { return vec3u(value, rising, low); }
    case 1u: { return vec3u(falling, value, low); }
    case 2u: { return vec3u(low, value, rising); }
    case 3u: { return vec3u(low, falling, value); }
    case 4u: { return vec3u(rising, low, value); }
    default: { return vec3u(value, low, falling); }
  }
}

fn change_at(order: u32, place: u32) -> u32 { return (order >> (4u * place)) & 15u; }

fn apply(crop: u32, change: u32, rgb: vec3u, mean: f32) -> vec3u {
  switch (change) {
    case BRIGHTNESS_CHANGE: { return clamp_to_byte(vec3f(rgb) * float_field(crop, BRIGHTNESS)); }
    case CONTRAST_CHANGE: {
      let factor = float_field(crop, CONTRAST);
      if (factor == 0.0) { return vec3u(u32(floor(mean + 0.5))); }
      return clamp_to_byte(vec3f(rgb) * factor + mean * (1.0 - factor));
    }
    case SATURATION_CHANGE: {
      let factor = float_field(crop, SATURATION);
      let rest = (1.0 - factor) * f32(luma(rgb));
      return clamp_to_byte(floor(vec3f(rgb) * factor + rest + 0.5));
    }
    case HUE_CHANGE: { return turn_hue(rgb, field(crop, HUE_TURN)); }
    default: { return rgb; }
  }
}

@group(0) @binding(2) var<storage, read> pixels_before: array<u32>;
@group(0) @binding(3) var<storage, read_write> gray_sums_out: array<u32>;

var<workgroup> partial: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn gray_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
             @builtin(local_invocation_index) lane: u32) {
  let crop = group.y * groups.x + group.x;
  if (is_left_alone(crop)) { return; }
  let order = field(crop, JITTER_ORDER);
  var before = 0u; // changes that come before the contrast; four where there is none
  for (; before < 4u && change_at(order, before) != CONTRAST_CHANGE; before++) {}
  if (before == 4u) { return; }

  var sum = 0u;
  for (var row = 0u; row < params.height; row++) {
    let start = (crop * params.height + row) * params.width;
    for (var col = lane; col < params.width; col += LANES) {
      var rgb = unpack(pixels_before[start + col]).xyz;
      for (var i = 0u; i < before; i++) { rgb = apply(crop, change_at(order, i), rgb, 0.0); }
      sum += luma(rgb);
    }
  }
  partial[lane] = sum;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride >>= 1u) {
    if (lane < stride) { partial[lane] += partial[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u) { gray_sums_out[crop] = partial[0]; }
}

@group(0) @binding(2) var<storage, read> gray_sums_in: array<u32>;
@group(0) @binding(3) var<storage, read_write> pixels: array<u32>;

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let plane = params.width * params.height;
  let index = (group.y * groups.x + group.x) * LANES + lane;
  let crop = index / plane;
  if (is_left_alone(crop)) { return; }
  let order = field(crop, JITTER_ORDER);
  let gray = has_flag(crop, GRAY);
  if (order == 0u && !gray) { return; }
  let mean = f32(gray_sums_in[crop]) / f32(plane);
  var rgb = unpack(pixels[index]).xyz;
  for (var i = 0u; i < 4u; i++) { rgb = apply(crop, change_at(order, i), rgb, mean); }
  if (gray) { rgb = vec3u(luma(rgb)); }
  pixels[index] = pack(vec4u(rgb, 0u));
}
