// kernels/center.wgsl: moving average of the teacher's logits.
//
// Math       center ← m·center + (1 − m)·batchMean,  left as it is when count = 0
// Shapes     center, batch_mean [numPrototypes];  count [1].
// Launch     one lane per prototype.
// Numerics   both factors come from the host, so that 1 − m is not rounded twice.
// Source     DINO: Caron et al. 2021, arXiv:2104.14294, section 3.1.

override WORKGROUP_SIZE: u32 = 256;

struct Params { num_prototypes: u32, keep: f32, take: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> batch_mean: array<elem>;
@group(0) @binding(2) var<storage, read> count: array<u32>;
@group(0) @binding(3) var<storage, read_write> center: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) lane: u32) {
  let k = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (k >= params.num_prototypes || count[0] == 0u) { return; }
  center[k] = params.keep * center[k] + params.take * f32(batch_mean[k]);
}
