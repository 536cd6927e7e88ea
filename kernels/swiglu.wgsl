// kernels/swiglu.wgsl: the gate of a SwiGLU feed-forward layer.
//
// Math       a = x12[:, :h]   b = x12[:, h:]   σ = 1/(1 + e^−a)   silu(a) = a·σ
//            forward    y = silu(a)·b
//            backward   da = dy·b·σ·(1 + a·(1 − σ)),   db = dy·silu(a)
// Shapes     x12, dx12 [rows, 2h] = (a, b);  y, dy [rows, h].
// Launch     one element of y per lane.
// Numerics   σ from e^−|a|, which never overflows.
// Source     Shazeer 2020, arXiv:2002.05202.

override WORKGROUP_SIZE: u32 = 256;

struct Params { size: u32, hidden: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x12: array<elem>;
@group(0) @binding(2) var<storage, read_write> y: array<elem>;
@group(0) @binding(2) var<storage, read> dy: array<elem>;
@group(0) @binding(3) var<storage, read_write> dx12: array<elem>;

fn sigmoid(a: f32) -> f32 {
  let e = exp(-abs(a));
  return select(e, 1.0, a >= 0.0) / (1.0 + e);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= params.size) { return; }
  let gate = index + index / params.hidden * params.hidden; // a's place in the row of 2h
  let a = f32(x12[gate]);
  y[index] = elem(a * sigmoid(a) * f32(x12[gate + params.hidden]));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
            @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= params.size) { return; }
  let gate = index + index / params.hidden * params.hidden;
  let a = f32(x12[gate]);
  let b = f32(x12[gate + params.hidden]);
  let d = f32(dy[index]);
  let s = sigmoid(a);
  dx12[gate] = elem(d * b * s * (1.0 + a * (1.0 - s)));
  dx12[gate + params.hidden] = elem(d * a * s);
}
