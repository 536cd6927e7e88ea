// kernels/attention_delta.wgsl: what the softmax subtracts from every score's gradient.
//
// Math       delta = Σ_head_dim dout·out
// Shapes     out, dout [T, D] = [T, heads, head_dim];  delta [T, heads].
// Launch     one token and head per lane.
// Numerics   f32 sum.
// Source     Dao et al. 2022, arXiv:2205.14135, appendix B.2.

override HEAD_DIM: u32 = 64;
override WORKGROUP_SIZE: u32 = 64;

@group(0) @binding(1) var<storage, read> out: array<elem>;
@group(0) @binding(2) var<storage, read> dout: array<elem>;
@group(0) @binding(3) var<storage, read_write> delta: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= arrayLength(&delta)) { return; }
  var sum = 0.0;
  for (var col = 0u; col < HEAD_DIM; col++) {
    sum += f32(out[index * HEAD_DIM + col]) * f32(dout[index * HEAD_DIM + col]);
  }
  delta[index] = sum;
}
