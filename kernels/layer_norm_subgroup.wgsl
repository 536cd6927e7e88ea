// kernels/layer_norm_subgroup.wgsl: LayerNorm over the last axis, a row for each subgroup.
//
// Math       forward, backward_input: as in layer_norm.wgsl, which has the gradients of γ and β.
// Shapes     y, dy, add [rows, dim], dim a multiple of 4;  x, dx too, [tokens, dim] with a subset
//            [tokens, 2];  γ, β [dim];  stats [rows, 2] = (μ, r).
// Launch     each subgroup of a workgroup takes a row, its lanes stride over vec4 of dim; workgroups
//            stride over the rows, for subgroups may be larger than the host knows. Subgroups are
//            whole, but which lanes share one is nobody's promise: they draw numbers.
// Numerics   f32 sums; μ before the variance, so a large offset does not cancel. Whichever subgroup
//            takes a row, its bits are the same.
// Source     no barrier between sums: for rows of some hundred numbers, of which a lane has a few
//            vec4 and a workgroup as many barriers as sums.

import package::parts::elem::elem;

override WORKGROUP_SIZE: u32 = 128; // subgroups have no more lanes
override HAS_ADD: bool = false; // without it add is 0, and dy is bound in its place
override HAS_SUBSET: bool = false; // without it every row takes part, and x is bound in its place

struct Params { rows: u32, dim: u32, splits: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<elem>>;
// forward
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read> beta: array<vec4f>;
@group(0) @binding(4) var<storage, read> subset: array<u32>; // in backward_input too
@group(0) @binding(5) var<storage, read_write> y: array<vec4<elem>>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;
// backward_input
@group(0) @binding(2) var<storage, read> dy: array<vec4<elem>>;
@group(0) @binding(3) var<storage, read> saved: array<vec2f>; // stats
@group(0) @binding(5) var<storage, read> scale: array<vec4f>; // γ
@group(0) @binding(6) var<storage, read> add: array<vec4<elem>>;
@group(0) @binding(7) var<storage, read_write> dx: array<vec4<elem>>;

var<workgroup> drawn: atomic<u32>;

// Which of the workgroup's subgroups this is; called once, by all lanes.
fn draw_number(place: u32) -> u32 {
  var number = 0u;
  if (place == 0u) { number = atomicAdd(&drawn, 1u); }
  return subgroupBroadcast(number, 0u);
}

// The mean over a row of what its lanes have summed.
fn row_mean(sum: vec4f) -> f32 {
  return subgroupAdd((sum.x + sum.y) + (sum.z + sum.w)) / f32(params.dim);
}

// The row of x that row i of y is of.
fn x_row(row: u32) -> u32 {
  if (HAS_SUBSET) { return subset[2u * row]; }
  return row;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(subgroup_size) lanes: u32,
           @builtin(subgroup_invocation_id) place: u32) {
  let number = draw_number(place);
  let rows_at_once = WORKGROUP_SIZE / lanes;
  let vecs = params.dim / 4u;
  for (var first = (group.y * groups.x + group.x) * rows_at_once; first < params.rows;
       first += groups.x * groups.y * rows_at_once) {
    let row = min(first + number, params.rows - 1u); // past the end: the last one once more
    let exists = first + number == row;
    let start = row * vecs;
    let x_start = x_row(row) * vecs;

    var sum = vec4f();
    for (var col = place; col < vecs; col += lanes) { sum += vec4f(x[x_start + col]); }
    let mean = row_mean(sum);

    var sum_sq = vec4f();
    for (var col = place; col < vecs; col += lanes) {
      let centered = vec4f(x[x_start + col]) - mean;
      sum_sq += centered * centered;
    }
    let rstd = inverseSqrt(row_mean(sum_sq) + params.eps);

    // No `continue`: the compiler must see that all lanes come to the next sums.
    if (exists && place == 0u) { stats[row] = vec2f(mean, rstd); }
    for (var col = place; exists && col < vecs; col += lanes) {
      let normalized = (vec4f(x[x_start + col]) - mean) * rstd;
      y[start + col] = vec4<elem>(gamma[col] * normalized + beta[col]);
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(subgroup_size) lanes: u32,
                  @builtin(subgroup_invocation_id) place: u32) {
  let number = draw_number(place);
  let rows_at_once = WORKGROUP_SIZE / lanes;
  let vecs = params.dim / 4u;
  for (var first = (group.y * groups.x + group.x) * rows_at_once; first < params.rows;
       first += groups.x * groups.y * rows_at_once) {
    let row = min(first + number, params.rows - 1u);
    let exists = first + number == row;
    let start = row * vecs;
    let x_start = x_row(row) * vecs;
    let mean = saved[row].x;
    let rstd = saved[row].y;

    var sum_g = vec4f();
    var sum_gx = vec4f(); // Σ g·x̂
    for (var col = place; col < vecs; col += lanes) {
      let g = scale[col] * vec4f(dy[start + col]);
      sum_g += g;
      sum_gx += g * ((vec4f(x[x_start + col]) - mean) * rstd);
    }
    let mean_g = row_mean(sum_g);
    let mean_gx = row_mean(sum_gx);

    for (var col = place; exists && col < vecs; col += lanes) {
      let g = scale[col] * vec4f(dy[start + col]);
      let normalized = (vec4f(x[x_start + col]) - mean) * rstd;
      var value = rstd * (g - mean_g - normalized * mean_gx);
      if (HAS_SUBSET) { value += vec4f(dx[x_start + col]); }
      if (HAS_ADD) { value += vec4f(add[start + col]); }
      dx[x_start + col] = vec4<elem>(value);
    }
  }
}
