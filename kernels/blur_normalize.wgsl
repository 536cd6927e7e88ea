// kernels/blur_normalize.wgsl: the end of a view: Gaussian blur, solarize, normalize, planes.
//
// Math       b = ⌊Σ_i Σ_j k_i k_j x[row + i, col + j] + ½⌋ with the border mirrored, for a view with
//            a blur;  s = b < solarize_from ? b : 255 − b;  y = levels[channel, s]
// Shapes     x [V·B, height·width], packed pixels;  levels [loaded channels, 256], the normalized
//            value of each level;  y [V·B, kept channels, height, width].
// Launch     one workgroup per run of 64 pixels of a row: columns first, each sum once for all that
//            need it, then along the row.
// Numerics   f32 sums. Levels are a table, so that no adapter divides otherwise than the host.

import package::parts::view_table::{
  BLUR_RADIUS, BLUR_WEIGHTS, field, float_field, is_left_alone, KEEP, mirror, params,
  SOLARIZE_FROM, unpack
};

const RUN = 64u;
const MAX_RADIUS = 96u; // src/config/transform_args.ts allows no wider blur
const COLUMNS = RUN + 2u * MAX_RADIUS;

@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read> levels: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> column_sums: array<vec4f, COLUMNS>;

fn pixel_at(crop: u32, col: i32, row: i32) -> vec4f {
  let at = vec2u(u32(mirror(col, i32(params.width))), u32(mirror(row, i32(params.height))));
  return vec4f(unpack(x[(crop * params.height + at.y) * params.width + at.x]));
}

@compute @workgroup_size(RUN)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let runs = (params.width + RUN - 1u) / RUN;
  let index = group.y * groups.x + group.x;
  let crop = index / (runs * params.height);
  if (is_left_alone(crop)) { return; }
  let row = index / runs % params.height;
  let first = index % runs * RUN;
  let radius = field(crop, BLUR_RADIUS);
  let last = min(first + RUN, params.width);

  let needed = last - first + 2u * radius;
  for (var i = lane; i < needed; i += RUN) {
    let col = i32(first + i) - i32(radius);
    var sum = float_field(crop, BLUR_WEIGHTS) * pixel_at(crop, col, i32(row));
    for (var off = 1u; off <= radius; off++) {
      sum += float_field(crop, BLUR_WEIGHTS + off)
        * (pixel_at(crop, col, i32(row) - i32(off)) + pixel_at(crop, col, i32(row + off)));
    }
    column_sums[i] = sum;
  }
  workgroupBarrier();

  let col = first + lane;
  if (col >= last) { return; }
  let middle = lane + radius;
  var sum = float_field(crop, BLUR_WEIGHTS) * column_sums[middle];
  for (var off = 1u; off <= radius; off++) {
    sum += float_field(crop, BLUR_WEIGHTS + off)
      * (column_sums[middle - off] + column_sums[middle + off]);
  }
  let value = vec4u(floor(sum + 0.5));
  let level = select(value, 255u - value, value >= vec4u(field(crop, SOLARIZE_FROM)));
  let source = unpack(field(crop, KEEP)) * 256u + level;
  let plane = params.width * params.height;
  var at = (crop * params.kept * params.height + row) * params.width + col;
  for (var channel = 0u; channel < params.kept; channel++) {
    y[at] = levels[source[channel]];
    at += plane;
  }
}
