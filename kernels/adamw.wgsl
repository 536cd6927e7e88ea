// kernels/adamw.wgsl: clip, AdamW and the EMA teacher, in one pass over a parameter buffer.
//
// Math       g' = clip·g                     lr = rate[kind]·lr_scale
//            p *= 1 − lr·wd                  m += (1 − β₁)·(g' − m)    v = β₂·v + (1 − β₂)·g'²
//            p −= lr / bias₁ · m / (√v / √bias₂ + ε)
//            t  = μ·t + (1 − μ)·p            if update_teacher; all before if update_student
// Shapes     values, grads, exp_avg, exp_avg_sq, teacher [n], n a multiple of 64;
//            table u32 [n/64 + 4·segments]: the segment of each block of 64 elements, then four
//            f32 of each segment (lr_scale, decays 0 | 1, kind, unused);
//            hyper [16]: the slots of HYPER in src/ops/adamw.ts;  clip [2] = (norm, factor).
// Launch     one lane per four elements, which always share a segment.
// Numerics   f32. 1 − β, 1 − μ and the bias corrections come rounded from float64: in f32 the
//            subtraction would lose their digits. Moments move also where lr is 0, as in torch.
// Source     Loshchilov, Hutter 2019, arXiv:1711.05101; EMA: Tarvainen, Valpola 2017.

override WORKGROUP_SIZE: u32 = 256;

const BLOCK_LANES = 16u; // lanes of one block of 64 elements

const WEIGHT_DECAY = 3u; // 0 to 2: learning rates by kind
const ONE_MINUS_BETA1 = 5u;
const BETA2 = 6u;
const ONE_MINUS_BETA2 = 7u;
const EPS = 8u;
const BIAS_CORRECTION1 = 9u;
const SQRT_BIAS_CORRECTION2 = 10u;
const MOMENTUM = 11u;
const ONE_MINUS_MOMENTUM = 12u;
const UPDATE_TEACHER = 13u;
const UPDATE_STUDENT = 14u;

@group(0) @binding(1) var<storage, read> grads: array<vec4f>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read> hyper: array<f32, 16>;
@group(0) @binding(4) var<storage, read> clip: array<f32, 2>;
@group(0) @binding(5) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> exp_avg: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> exp_avg_sq: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> teacher: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  let count = arrayLength(&values);
  if (index >= count) { return; }
  let segment = count / BLOCK_LANES + table[index / BLOCK_LANES] * 4u;
  let kind = u32(bitcast<f32>(table[segment + 2u]));
  let lr = hyper[kind] * bitcast<f32>(table[segment]);
  let weight_decay = hyper[WEIGHT_DECAY] * bitcast<f32>(table[segment + 1u]);

  var p = values[index];
  if (hyper[UPDATE_STUDENT] != 0.0) {
    let g = clip[1] * grads[index];
    let m = exp_avg[index] + hyper[ONE_MINUS_BETA1] * (g - exp_avg[index]);
    let v = hyper[BETA2] * exp_avg_sq[index] + hyper[ONE_MINUS_BETA2] * (g * g);
    let denominator = sqrt(v) / hyper[SQRT_BIAS_CORRECTION2] + hyper[EPS];
    let decayed = p * (1.0 - lr * weight_decay);
    p = decayed - lr / hyper[BIAS_CORRECTION1] * (m / denominator);
    exp_avg[index] = m;
    exp_avg_sq[index] = v;
    values[index] = p;
  }
  if (hyper[UPDATE_TEACHER] != 0.0) {
    teacher[index] = hyper[MOMENTUM] * teacher[index] + hyper[ONE_MINUS_MOMENTUM] * p;
  }
}
