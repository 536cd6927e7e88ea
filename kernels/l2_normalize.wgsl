// kernels/l2_normalize.wgsl: each row divided by its Euclidean norm.
//
// Math       n = ‖x‖
//            forward           y  = x / max(n, ε)
//            backward_input    dx = (dy − y·Σ(y·dy)) / n;  dy / ε where n < ε
// Shapes     x, y, dy, dx [rows, dim];  norms [rows] = n, not clamped.
// Launch     ROWS rows per workgroup, LANES lanes stride over the dim of each.
// Numerics   f32 sums. Squares of |x| beyond 1e19 would overflow; head features are of order 1.
// Source     the norm in front of the prototypes: Caron et al. 2021, arXiv:2104.14294.

import package::parts::elem::elem;
import package::parts::row_sum::{LANES, ROWS, row_sum};

struct Params { rows: u32, dim: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<elem>;
@group(0) @binding(2) var<storage, read_write> y: array<elem>;
@group(0) @binding(3) var<storage, read_write> norms: array<f32>;

@group(0) @binding(1) var<storage, read> dy: array<elem>;
@group(0) @binding(2) var<storage, read> y_saved: array<elem>;
@group(0) @binding(3) var<storage, read> norms_saved: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<elem>;

@compute @workgroup_size(LANES, ROWS)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_id) local: vec3u) {
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let alive = row < params.rows; // lanes past the end still meet the barriers
  let start = row * params.dim;

  var sum_sq = 0.0;
  if (alive) {
    for (var col = local.x; col < params.dim; col += LANES) {
      let value = f32(x[start + col]);
      sum_sq += value * value;
    }
  }
  let norm = sqrt(row_sum(local.x, local.y, sum_sq));
  if (!alive) { return; }

  if (local.x == 0u) { norms[row] = norm; }
  let divisor = max(norm, params.eps);
  for (var col = local.x; col < params.dim; col += LANES) {
    y[start + col] = elem(f32(x[start + col]) / divisor);
  }
}

@compute @workgroup_size(LANES, ROWS)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_id) local: vec3u) {
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let alive = row < params.rows;
  let start = row * params.dim;

  var sum = 0.0;
  if (alive) {
    for (var col = local.x; col < params.dim; col += LANES) {
      sum += f32(y_saved[start + col]) * f32(dy[start + col]);
    }
  }
  let along = row_sum(local.x, local.y, sum); // the part of dy that only changes the norm
  if (!alive) { return; }

  let norm = norms_saved[row];
  let clamped = norm < params.eps;
  let divisor = select(norm, params.eps, clamped);
  let radial = select(along, 0.0, clamped);
  for (var col = local.x; col < params.dim; col += LANES) {
    dx[start + col] = elem((f32(dy[start + col]) - f32(y_saved[start + col]) * radial) / divisor);
  }
}
