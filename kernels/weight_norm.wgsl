// kernels/weight_norm.wgsl: weight matrix given by a direction and a length per row.
//
// Math       n = ‖v‖    u = v / n
//            forward           w   = g·u
//            backward_params   dg += Σ dw·u,   dv += g/n·(dw − u·Σ dw·u)
// Shapes     v, w, dw, dv [numPrototypes, dim];  g, dg [numPrototypes];  norms [numPrototypes] = n.
// Launch     ROWS rows per workgroup, LANES lanes stride over the dim of each.
// Numerics   f32 sums. A row v = 0 has no direction: its w is 0, and it gets no gradient.
// Source     Salimans, Kingma 2016, arXiv:1602.07868.

import package::parts::elem::elem;
import package::parts::row_sum::{LANES, ROWS, row_sum};

struct Params { rows: u32, dim: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> w: array<elem>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;

@group(0) @binding(3) var<storage, read> dw: array<f32>;
@group(0) @binding(4) var<storage, read> norms_saved: array<f32>;
@group(0) @binding(5) var<storage, read_write> dv: array<f32>;
@group(0) @binding(6) var<storage, read_write> dg: array<f32>;

@compute @workgroup_size(LANES, ROWS)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_id) local: vec3u) {
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let alive = row < params.rows; // lanes past the end still meet the barriers
  let start = row * params.dim;

  var sum_sq = 0.0;
  if (alive) {
    for (var col = local.x; col < params.dim; col += LANES) {
      let value = v[start + col];
      sum_sq += value * value;
    }
  }
  let norm = sqrt(row_sum(local.x, local.y, sum_sq));
  if (!alive) { return; }

  if (local.x == 0u) { norms[row] = norm; }
  let scale = select(0.0, g[row] / norm, norm > 0.0);
  for (var col = local.x; col < params.dim; col += LANES) {
    w[start + col] = elem(v[start + col] * scale);
  }
}

@compute @workgroup_size(LANES, ROWS)
fn backward_params(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                   @builtin(local_invocation_id) local: vec3u) {
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let alive = row < params.rows;
  let start = row * params.dim;

  var sum = 0.0;
  if (alive) {
    for (var col = local.x; col < params.dim; col += LANES) {
      sum += dw[start + col] * v[start + col];
    }
  }
  let dw_dot_v = row_sum(local.x, local.y, sum);
  if (!alive) { return; }

  let norm = norms_saved[row];
  if (norm == 0.0) { return; }
  let along = dw_dot_v / norm; // Σ dw·u
  if (local.x == 0u) { dg[row] += along; }
  let scale = g[row] / norm;
  let radial = along / norm;
  for (var col = local.x; col < params.dim; col += LANES) {
    dv[start + col] += scale * (dw[start + col] - v[start + col] * radial);
  }
}
