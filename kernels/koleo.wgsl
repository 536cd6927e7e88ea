// kernels/koleo.wgsl: Kozachenko-Leonenko regularizer, which pushes each row away from the nearest
// other row of its group.
//
// Math       y = x / max(‖x‖, ε)    j(i) = argmax_{j ≠ i} y_i·y_j, the lowest j of equals
//            d_i = √Σ(y_i − y_j(i) + ε)²    loss = −mean_i log(d_i + ε)    ε = 1e-8
//            backward_input    p_i  = −gradScale/rows / (d_i·(d_i + ε))·(y_i − y_j(i) + ε)
//                              dy_i = p_i − Σ_{r: j(r) = i} p_r
//                              dx   = (dy − y·Σ(y·dy)) / ‖x‖;  where ‖x‖ < ε: dy / ε
// Shapes     x, dx [groups·rows, dim];  y [groups·rows, dim], f32;  norms, distances [groups·rows];
//            nearest [groups·rows] = row of the whole matrix;  losses [groups];
//            followers [groups·rows, 2] = first row that has this one as its nearest, and next row
//            that has the same nearest as this one: the rows r of dy_i as a linked list.
// Launch     one workgroup per row; lanes stride over dim, in find_nearest over the other rows.
//            mean_log: one workgroup per group; link_followers: one lane per row.
// Numerics   f32 whatever the storage: near rows differ in few digits. Each row collects what it
//            gets from its followers in ascending order: no atomics. A row alone has loss 0.
// Source     Sablayrolles et al. 2018, arXiv:1806.03198.

import package::parts::elem::elem;
import package::parts::workgroup_sum::{WORKGROUP_SIZE, workgroup_sum};

const LOWEST = -3.4e38;
const NONE = 0xffffffffu;

struct Params { rows: u32, groups: u32, dim: u32, eps: f32, grad_scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<elem>;
@group(0) @binding(2) var<storage, read_write> y_out: array<f32>;
@group(0) @binding(3) var<storage, read_write> norms_out: array<f32>;

@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> nearest_out: array<u32>;
@group(0) @binding(3) var<storage, read_write> distances_out: array<f32>;

@group(0) @binding(1) var<storage, read> distances_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;

@group(0) @binding(2) var<storage, read> norms: array<f32>;
@group(0) @binding(3) var<storage, read> nearest: array<u32>;
@group(0) @binding(4) var<storage, read> distances: array<f32>;
@group(0) @binding(5) var<storage, read> followers: array<vec2u>;
@group(0) @binding(6) var<storage, read> loss_scalars: array<f32>; // temperature, loss scale
@group(0) @binding(7) var<storage, read_write> dx: array<elem>;

@group(0) @binding(1) var<storage, read> nearest_in: array<u32>;
@group(0) @binding(2) var<storage, read_write> followers_out: array<vec2u>;

var<workgroup> partial: array<f32, WORKGROUP_SIZE>;
var<workgroup> candidate: array<u32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn normalize_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows * params.groups) { return; }
  let start = row * params.dim;
  var sum_sq = 0.0;
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    let value = f32(x[start + col]);
    sum_sq += value * value;
  }
  let norm = sqrt(workgroup_sum(lane, sum_sq));
  if (lane == 0u) { norms_out[row] = norm; }
  let divisor = max(norm, params.eps);
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    y_out[start + col] = f32(x[start + col]) / divisor;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn find_nearest(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows * params.groups) { return; }
  let start = row * params.dim;
  let first = row - row % params.rows; // of the group

  var best = LOWEST;
  var best_row = NONE;
  for (var other = first + lane; other < first + params.rows; other += WORKGROUP_SIZE) {
    if (other == row) { continue; }
    var cosine = 0.0;
    for (var col = 0u; col < params.dim; col++) {
      cosine += y[start + col] * y[other * params.dim + col];
    }
    if (cosine > best) { best = cosine; best_row = other; }
  }
  partial[lane] = best;
  candidate[lane] = best_row;
  workgroupBarrier();
  for (var stride = WORKGROUP_SIZE / 2u; stride > 0u; stride >>= 1u) {
    if (lane < stride) {
      let closer = partial[lane + stride] > partial[lane];
      let equal = partial[lane + stride] == partial[lane];
      if (closer || (equal && candidate[lane + stride] < candidate[lane])) {
        partial[lane] = partial[lane + stride];
        candidate[lane] = candidate[lane + stride];
      }
    }
    workgroupBarrier();
  }
  let winner = candidate[0];
  workgroupBarrier(); // partial is used again

  var sum_sq = 0.0;
  let neighbour = select(winner, row, winner == NONE) * params.dim;
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    let difference = y[start + col] - y[neighbour + col] + params.eps;
    sum_sq += difference * difference;
  }
  let distance = sqrt(workgroup_sum(lane, sum_sq));
  if (lane == 0u) {
    nearest_out[row] = winner;
    // log(1 + ε) is 0 in f32. Equal rows are ε·√dim apart, also where ε is rounded away.
    distances_out[row] = select(max(distance, params.eps), 1.0, winner == NONE);
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn mean_log(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
            @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.groups) { return; }
  var sum = 0.0;
  for (var row = lane; row < params.rows; row += WORKGROUP_SIZE) {
    sum += log(distances_in[index * params.rows + row] + params.eps);
  }
  let total = workgroup_sum(lane, sum);
  if (lane == 0u) { losses[index] = -total / f32(params.rows); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn link_followers(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let row = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (row >= params.rows * params.groups) { return; }
  let first = row - row % params.rows;
  let mine = nearest_in[row];
  var links = vec2u(NONE, NONE);
  for (var back = 1u; back <= params.rows; back++) { // downwards: the lowest is written last
    let other = first + params.rows - back;
    if (nearest_in[other] == row) { links.x = other; }
    if (nearest_in[other] == mine && other > row) { links.y = other; }
  }
  followers_out[row] = links;
}

/// The factor of (y − y_nearest + ε) in p, without gradScale/rows: −1/(d·(d + ε)).
fn pull(row: u32) -> f32 {
  let distance = distances[row];
  return select(-1.0 / distance / (distance + params.eps), 0.0, nearest[row] == NONE);
}

/// dy of one element, up to gradScale/rows.
fn dy_at(row: u32, col: u32) -> f32 {
  let own = y[row * params.dim + col];
  let towards = select(nearest[row], row, nearest[row] == NONE);
  var sum = pull(row) * (own - y[towards * params.dim + col] + params.eps);
  for (var other = followers[row].x; other != NONE; other = followers[other].y) {
    sum -= pull(other) * (y[other * params.dim + col] - own + params.eps);
  }
  return sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows * params.groups) { return; }
  let start = row * params.dim;
  var sum = 0.0;
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    sum += y[start + col] * dy_at(row, col);
  }
  let along = workgroup_sum(lane, sum);

  let clamped = norms[row] < params.eps;
  let radial = select(along, 0.0, clamped);
  let loss_scale = loss_scalars[1];
  let scale = loss_scale * params.grad_scale / f32(params.rows) / max(norms[row], params.eps);
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    dx[start + col] = elem(scale * (dy_at(row, col) - y[start + col] * radial));
  }
}
