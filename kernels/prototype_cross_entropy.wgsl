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
// Launch     one workgroup per row, lanes stride over the prototypes, four at once. Two passes: the
//            student's log-sum-exp; then loss and gradient. Elements moved per row and prototype:
//            2 student read, 1 per pair, 1 student write; the center and shared teacher rows come
//            from the cache.
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

// Four prototypes that a lane looks at together, so that it has as many loads on their way; past the
// last one stands the last once more.
fn four_from(k: u32) -> vec4u {
  return min(k + vec4u(0u, 1u, 2u, 3u) * WORKGROUP_SIZE, vec4u(params.num_prototypes - 1u));
}

fn are_inside(k: u32) -> vec4<bool> {
  return k + vec4u(0u, 1u, 2u, 3u) * WORKGROUP_SIZE < vec4u(params.num_prototypes);
}

fn student_at(start: u32, k: vec4u) -> vec4f {
  let at = start + k;
  return vec4f(f32(student[at.x]), f32(student[at.y]), f32(student[at.z]), f32(student[at.w]));
}

fn teacher_at(start: u32, k: vec4u) -> vec4f {
  let at = start + k;
  return vec4f(f32(teacher[at.x]), f32(teacher[at.y]), f32(teacher[at.z]), f32(teacher[at.w]));
}

// z of one prototype, as the sum of that one alone.
fn score_of(start: u32, k: u32, sharpness: f32) -> vec2f {
  return vec2f(f32(student[start + k]) * sharpness, 1.0);
}

fn log_sum_exp(lane: u32, start: u32, sharpness: f32) -> f32 {
  var r0 = nothing(); var r1 = nothing(); var r2 = nothing(); var r3 = nothing();
  var k = lane;
  for (; k + 3u * WORKGROUP_SIZE < params.num_prototypes; k += 4u * WORKGROUP_SIZE) {
    r0 = merge(r0, score_of(start, k, sharpness));
    r1 = merge(r1, score_of(start, k + WORKGROUP_SIZE, sharpness));
    r2 = merge(r2, score_of(start, k + 2u * WORKGROUP_SIZE, sharpness));
    r3 = merge(r3, score_of(start, k + 3u * WORKGROUP_SIZE, sharpness));
  }
  for (; k < params.num_prototypes; k += WORKGROUP_SIZE) {
    r0 = merge(r0, score_of(start, k, sharpness));
  }
  return workgroup_log_sum_exp(lane, merge(merge(r0, r1), merge(r2, r3)));
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

  var losses_of_four = vec4f();
  for (var k = lane; k < num_prototypes; k += 4u * WORKGROUP_SIZE) {
    let four = four_from(k);
    let inside = are_inside(k);
    let log_p = student_at(start, four) * student_sharpness - student_lse;
    let middle = vec4f(center[four.x], center[four.y], center[four.z], center[four.w]);
    var t = vec4f();
    if (has_first) {
      let logits = teacher_at(first * num_prototypes, four);
      t += exp((logits - middle) * teacher_sharpness - first_lse);
    }
    if (has_second) {
      let logits = teacher_at(second * num_prototypes, four);
      t += exp((logits - middle) * teacher_sharpness - second_lse);
    }
    losses_of_four -= select(vec4f(0.0), t * log_p, inside);
    let gradient = scale * (count * exp(log_p) - t);
    for (var i = 0u; i < 4u; i++) {
      if (inside[i]) { student[start + four[i]] = elem(gradient[i]); }
    }
  }
  let loss = (losses_of_four.x + losses_of_four.y) + (losses_of_four.z + losses_of_four.w);
  let total = workgroup_sum(lane, loss);
  if (lane == 0u) { losses[params.row_offset + row] = weight * total; }
}
