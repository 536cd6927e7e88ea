// kernels/sinkhorn_knopp.wgsl: the prototype half of a Sinkhorn-Knopp iteration, over row chunks.
//
// Math       With z = logits / temp, the targets are exp(z[j, k] − a[k] − b[j]). One iteration
//            makes all prototypes, then all samples, sum to the same:
//              a[k] = log Σ_j exp(z[j, k] − b[j])    b[j] = log Σ_k exp(z[j, k] − a[k])
//            reset        state ← (lowest, 0)
//            accumulate   state ← state merged with the rows of one chunk:  (max, sum) of z − b
//            finish       center = temp·a = temp·(max + log sum), so that the other half, b, is the
//                         log-sum-exp of softmax_stats and the targets are its centred softmax
// Shapes     logits [rows, numPrototypes], a chunk;  row_lse [rows] = b;  temp [1];  count [1]:
//            rows of all chunks together that take part;  state [numPrototypes, 2];
//            center [numPrototypes].
// Launch     accumulate: COLS prototypes per workgroup, the rows dealt to SLICES lanes of each;
//            reset, finish: one lane per prototype.
// Numerics   online maximum, as in softmax_stats; slices merge in a fixed order. Without any row,
//            center is 0. The constant factors of the paper's 1/K and 1/B cancel in the targets.
// Source     Cuturi 2013, arXiv:1306.0895; SwAV: Caron et al. 2020, arXiv:2006.09882.

import package::parts::elem::elem;
import package::parts::log_sum_exp::{merge, nothing};

override COLS: u32 = 32;
override SLICES: u32 = 8;
override WORKGROUP_SIZE: u32 = 256; // COLS · SLICES

struct Params { rows: u32, num_prototypes: u32, row_offset: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> fresh_state: array<vec2f>;

@group(0) @binding(1) var<storage, read> logits: array<elem>;
@group(0) @binding(2) var<storage, read> row_lse: array<f32>;
@group(0) @binding(3) var<storage, read> temp: array<f32>;
@group(0) @binding(4) var<storage, read> count: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<vec2f>;

@group(0) @binding(1) var<storage, read> final_state: array<vec2f>;
@group(0) @binding(2) var<storage, read> final_temp: array<f32>;
@group(0) @binding(3) var<storage, read_write> center: array<f32>;

var<workgroup> partial: array<vec2f, WORKGROUP_SIZE>; // (max, sum)

@compute @workgroup_size(WORKGROUP_SIZE)
fn reset(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
         @builtin(local_invocation_index) lane: u32) {
  let k = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (k < params.num_prototypes) { fresh_state[k] = nothing(); }
}

@compute @workgroup_size(COLS, SLICES)
fn accumulate(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
              @builtin(local_invocation_id) local: vec3u) {
  let k = (group.y * groups.x + group.x) * COLS + local.x;
  let alive = k < params.num_prototypes; // lanes past the end still meet the barrier
  let counted = max(count[0], params.row_offset) - params.row_offset;
  let rows = select(0u, min(params.rows, counted), alive);
  let sharpness = 1.0 / temp[0];

  var running = nothing();
  for (var row = local.y; row < rows; row += SLICES) {
    let z = f32(logits[row * params.num_prototypes + k]) * sharpness - row_lse[row];
    running = merge(running, vec2f(z, 1.0));
  }

  partial[local.y * COLS + local.x] = running;
  workgroupBarrier();
  if (local.y > 0u || !alive) { return; }
  var total = state[k];
  for (var slice = 0u; slice < SLICES; slice++) {
    total = merge(total, partial[slice * COLS + local.x]);
  }
  state[k] = total;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn finish(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) lane: u32) {
  let k = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (k >= params.num_prototypes) { return; }
  let total = final_state[k];
  // A sum that saw a row is at least 1.
  center[k] = select(0.0, final_temp[0] * (total.x + log(max(total.y, 1.0))), total.y > 0.0);
}
