// kernels/label_cross_entropy.wgsl: loss of classifiers' logits against labels, and its gradient in
// the place of the logits.
//
// Math       s = ⌊r / heads⌋, the sample of row r        log p = logits[r] − log Σ exp(logits[r])
//            losses[r]    = −w[s]·log p[labels[s]]
//            logits[r, k] ← w[s]·(p[k] − [k = labels[s]])
// Shapes     logits [samples·heads, classes], in place;  labels u32 [samples];  weights [samples];
//            losses [samples·heads].
// Launch     one workgroup per row, lanes stride over the classes. Two passes: the log-sum-exp; then
//            loss and gradient.
// Numerics   the online maximum is subtracted before exp; f32 throughout. A row of weight 0 writes
//            zeros, unread, so a batch may be padded with anything.
// Source     softmax regression; online softmax: Milakov, Gimelshein 2018, arXiv:1805.02867.

import package::parts::log_sum_exp::{merge, nothing, workgroup_log_sum_exp};
import package::parts::workgroup_sum::WORKGROUP_SIZE;

struct Params { rows: u32, classes: u32, heads: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                    @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let start = row * params.classes;
  let sample = row / params.heads;
  let weight = weights[sample];
  if (weight == 0.0) {
    if (lane == 0u) { losses[row] = 0.0; }
    for (var k = lane; k < params.classes; k += WORKGROUP_SIZE) { logits[start + k] = 0.0; }
    return;
  }

  var running = nothing();
  for (var k = lane; k < params.classes; k += WORKGROUP_SIZE) {
    running = merge(running, vec2f(logits[start + k], 1.0));
  }
  let log_sum = workgroup_log_sum_exp(lane, running);

  let label = labels[sample];
  for (var k = lane; k < params.classes; k += WORKGROUP_SIZE) {
    let log_p = logits[start + k] - log_sum;
    if (k == label) { losses[row] = -weight * log_p; }
    logits[start + k] = weight * (exp(log_p) - select(0.0, 1.0, k == label));
  }
}
