// kernels/rotate.wgsl: turns views about their middle.
//
// Math       y[p] = bilinear(x, A·p + b), positions to 1/32 pixel, the border mirrored.
// Shapes     x, y [V·B, height·width], packed pixels.
// Launch     one lane per pixel.
// Numerics   whole numbers only: the same as src/views/rotate.ts on every adapter.

import package::parts::view_table::{
  has_flag, int_field, is_left_alone, mirror, pack, params, ROTATED, ROTATION, unpack
};

@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

fn pixel_at(crop: u32, col: i32, row: i32) -> vec4u {
  let at = vec2u(u32(mirror(col, i32(params.width))), u32(mirror(row, i32(params.height))));
  return unpack(x[(crop * params.height + at.y) * params.width + at.x]);
}

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let plane = params.width * params.height;
  let index = (group.y * groups.x + group.x) * 64u + lane;
  let crop = index / plane;
  if (is_left_alone(crop)) { return; }
  let pixel = index % plane;
  if (!has_flag(crop, ROTATED)) {
    y[crop * plane + pixel] = x[crop * plane + pixel];
    return;
  }
  let col = i32(pixel % params.width);
  let row = i32(pixel / params.width);
  let source = vec2i(
    int_field(crop, ROTATION) * col + int_field(crop, ROTATION + 1u) * row
      + int_field(crop, ROTATION + 2u),
    int_field(crop, ROTATION + 3u) * col + int_field(crop, ROTATION + 4u) * row
      + int_field(crop, ROTATION + 5u));
  let fine = (source + 1024) >> vec2u(11u); // in 1/32 pixels
  let whole = fine >> vec2u(5u);
  let part = vec2u(fine & vec2i(31));
  let top = pixel_at(crop, whole.x, whole.y) * (32u - part.x)
    + pixel_at(crop, whole.x + 1, whole.y) * part.x;
  let bottom = pixel_at(crop, whole.x, whole.y + 1) * (32u - part.x)
    + pixel_at(crop, whole.x + 1, whole.y + 1) * part.x;
  y[crop * plane + pixel] = pack((top * (32u - part.y) + bottom * part.y + 512u) >> vec4u(10u));
}
