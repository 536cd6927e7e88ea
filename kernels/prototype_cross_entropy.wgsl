// kernels/prototype_cross_entropy.wgsl: loss of student logits against one or two teacher rows, and
// its gradient in the place of the logits.
//
// Math       t_j[k]  = exp((teacher[j, k] − center[k]) / teacherTemp − teacherLse[j])
//            z[k]    = student[r, k] / studentTemp    log p = z − log Σ exp(z)
//            loss[r] = w[r]·Σ_{j ∈ pairs[r]} −Σ_k t_j[k]·log p[k]
//            student[r, k] ← gradScale·w[r]/studentTemp·(|pairs[r]|·p[k] − Σ_{j ∈ pairs[r]} t_j[k])
// Shapes     student [rows, numPrototypes], in place;  teacher [teacherRows, numPrototypes];
//            center [numPrototypes];  teacherLse [teacherRows];  teacherTemp [1];
//            pairs [rows, 2] = rows of teacher or 0xffffffff for none;
//            weights, losses [≥ rowOffset + rows], of which element rowOffset + r belongs to row r.
// Launch     one workgroup per row, lanes stride over the prototypes. Two passes: the student's
//            log-sum-exp; then loss and gradient. Bytes per row and prototype: 8 student read, 4
//            per pair, 4 student write; the center and shared teacher rows come from the cache.
// Numerics   the online maximum is subtracted before exp; log p is formed before it is weighted, so
//            no large terms cancel. A row of weight 0 or without pairs writes zeros, unread.
// Source     DINO: Caron et al. 2021, arXiv:2104.14294; iBOT: Zhou et al. 2022, arXiv:2111.07832.

import package::parts::elem::elem;
import package::parts::log_sum_exp::{merge, nothing, workgroup_log_sum_exp};
import package::parts::workgroup_sum::{WORKGROUP_SIZE, workgroup_sum};

const NONE = 0xffffffffu;

struct Params {
  rows: u32,
  num_prototypes: u32,
  row_offset: u32,
  student_temp: f32,
  grad_scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> teacher: array<elem>;
@group(0) @binding(2) var<storage, read> center: array<f32>;
@group(0) @binding(3) var<storage, read> teacher_lse: array<f32>;
@group(0) @binding(4) var<storage, read> loss_scalars: array<f32>; // teacher temperature, loss scale
@group(0) @binding(5) var<storage, read> pairs: array<vec2u>;
@group(0) @binding(6) var<storage, read> weights: array<f32>;
@group(0) @binding(7) var<storage, read_write> student: array<elem>;
@group(0) @binding(8) var<storage, read_write> losses: array<f32>;

fn log_sum_exp(lane: u32, start: u32, sharpness: f32) -> f32 {
  var running = nothing();
  for (var k = lane; k < params.num_prototypes; k += WORKGROUP_SIZE) {
    running = merge(running, vec2f(f32(student[start + k]) * sharpness, 1.0));
  }
  return workgroup_log_sum_exp(lane, running);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                    @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let num_prototypes = params.num_prototypes;
  let start = row * num_prototypes;

  let weight = weights[params.row_offset + row];
  let pair = pairs[row];
  let has_first = pair.x != NONE;
  let has_second = pair.y != NONE;
  if (weight == 0.0 || !(has_first || has_second)) {
    if (lane == 0u) { losses[params.row_offset + row] = 0.0; }
    for (var k = lane; k < num_prototypes; k += WORKGROUP_SIZE) { student[start + k] = elem(0.0); }
    return;
  }

  let student_sharpness = 1.0 / params.student_temp;
  let student_lse = log_sum_exp(lane, start, student_sharpness);

  let teacher_sharpness = 1.0 / loss_scalars[0];
  let first = select(0u, pair.x, has_first);
  let second = select(0u, pair.y, has_second);
  let first_lse = teacher_lse[first];
  let second_lse = teacher_lse[second];
  let count = f32(has_first) + f32(has_second);
  let scale = loss_scalars[1] * params.grad_scale * weight * student_sharpness;

  var loss = 0.0;
  for (var k = lane; k < num_prototypes; k += WORKGROUP_SIZE) {
    var t = 0.0;
    if (has_first) {
      let logit = f32(teacher[first * num_prototypes + k]);
      t += exp((logit - center[k]) * teacher_sharpness - first_lse);
    }
    if (has_second) {
      let logit = f32(teacher[second * num_prototypes + k]);
      t += exp((logit - center[k]) * teacher_sharpness - second_lse);
    }
    let log_p = f32(student[start + k]) * student_sharpness - student_lse;
    loss -= t * log_p;
    student[start + k] = elem(scale * (count * exp(log_p) - t));
  }
  let total = workgroup_sum(lane, loss);
  if (lane == 0u) { losses[params.row_offset + row] = weight * total; }
}
