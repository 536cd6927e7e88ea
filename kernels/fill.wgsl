// kernels/fill.wgsl: one value in every element.
//
// Math       out = value
// Shapes     out [words], value one word: the bits of an f32 or u32, or of two f16.
// Launch     one word per lane.
// Numerics   copies bits: any value, any storage type.
// Source     none.

override WORKGROUP_SIZE: u32 = 256;

struct Params { words: u32, bits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index < params.words) { out[index] = params.bits; }
}
