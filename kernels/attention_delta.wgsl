// kernels/attention_delta.wgsl: what the softmax subtracts from every score's gradient.
//
// Math       delta = Σ_head_dim dout·out
// Shapes     out, dout [T, D] = [T, heads, head_dim];  delta [T, heads].
// Launch     one token and head per lane; four numbers a load with forward_vectors, for heads whose
//            width is a multiple of 4.
// Numerics   f32 sum.
// Source     Dao et al. 2022, arXiv:2205.14135, appendix B.2.

override HEAD_DIM: u32 = 64;
override WORKGROUP_SIZE: u32 = 64;

@group(0) @binding(1) var<storage, read> out: array<elem>;
@group(0) @binding(2) var<storage, read> dout: array<elem>;
@group(0) @binding(3) var<storage, read_write> delta: array<f32>;
// forward_vectors
@group(0) @binding(1) var<storage, read> out_vectors: array<vec4<elem>>;
@group(0) @binding(2) var<storage, read> dout_vectors: array<vec4<elem>>;

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

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_vectors(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                   @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= arrayLength(&delta)) { return; }
  let vectors = HEAD_DIM / 4u;
  var sum = 0.0;
  for (var i = index * vectors; i < (index + 1u) * vectors; i++) {
    sum += dot(vec4f(out_vectors[i]), vec4f(dout_vectors[i]));
  }
  delta[index] = sum;
}
