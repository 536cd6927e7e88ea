// kernels/loss_scale.wgsl: dynamic loss scaling, which keeps gradients large enough for f16.
//
// Math       scalars  out = (temperature, S)
//            update   with N the norm of the gradients of S·loss:  norm = N / S
//                     N finite:   the step counts: clip = min(1, max_norm / (norm + 1e-6)),
//                                 c_i = β_i·c_i + 1 − β_i; every `interval` steps of this kind in
//                                 a row S doubles
//                     otherwise:  the step is skipped: S is halved
// Shapes     state [8] = (S, steps that counted since S last changed, steps skipped, c_1, c_2);
//            S = 0 stands for the initial scale.  gathered [2] = (N, unused);  hyper, hyper_now
//            [16], see src/ops/adamw.ts;  clip [2] = (norm, clip / S).
//            metrics from `slot` on += (norm, clip, S, 1 for a skipped step, steps skipped), the
//            first two 0 for a skipped step.
// Launch     one lane.
// Numerics   S is a power of two, so scaling is exact. A compiler may assume that all numbers are
//            finite: N is looked at bit by bit. c_i starts at 0 and is 1 − β_iⁿ after n steps that
//            counted, a number that the host does not know.
// Source     Micikevicius et al. 2018, arXiv:1710.03740; rules and numbers of PyTorch's GradScaler.

const INITIAL_SCALE = 65536.0;
// Far from where f32 ends: squares of scaled gradients are summed.
const LARGEST_SCALE = 16777216.0;

const BETA1 = 4u;
const ONE_MINUS_BETA1 = 5u;
const BETA2 = 6u;
const ONE_MINUS_BETA2 = 7u;
const BIAS_CORRECTION1 = 9u;
const SQRT_BIAS_CORRECTION2 = 10u;
const UPDATE_STUDENT = 14u;

struct Params { interval: f32, max_norm: f32, slot: u32 }

fn scale_of(stored: f32) -> f32 { return select(stored, INITIAL_SCALE, stored == 0.0); }

@group(0) @binding(1) var<storage, read> temperature: array<f32>;
@group(0) @binding(2) var<storage, read> current: array<f32>; // state
@group(0) @binding(3) var<storage, read_write> scalars_out: array<f32>;

@compute @workgroup_size(1)
fn scalars() {
  scalars_out[0] = temperature[0];
  scalars_out[1] = scale_of(current[0]);
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gathered: array<f32>;
@group(0) @binding(2) var<storage, read> hyper: array<f32, 16>;
@group(0) @binding(3) var<storage, read_write> state: array<f32>;
@group(0) @binding(4) var<storage, read_write> hyper_now: array<f32, 16>;
@group(0) @binding(5) var<storage, read_write> clip: array<f32>;
@group(0) @binding(6) var<storage, read_write> metrics: array<f32>;

fn is_finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(1)
fn update() {
  let scale = scale_of(state[0]);
  let counts = is_finite(gathered[0]);
  for (var i = 0u; i < 16u; i++) { hyper_now[i] = hyper[i]; }
  hyper_now[UPDATE_STUDENT] = select(0.0, 1.0, counts);

  let slot = params.slot;
  var norm = 0.0;
  var factor = 0.0;
  if (counts) {
    norm = gathered[0] / scale;
    factor = min(1.0, params.max_norm / (norm + 1e-6));
    state[3] = hyper[BETA1] * state[3] + hyper[ONE_MINUS_BETA1];
    state[4] = hyper[BETA2] * state[4] + hyper[ONE_MINUS_BETA2];
    hyper_now[BIAS_CORRECTION1] = state[3];
    hyper_now[SQRT_BIAS_CORRECTION2] = sqrt(state[4]);
    state[1] += 1.0;
    if (state[1] == params.interval) {
      state[0] = min(2.0 * scale, LARGEST_SCALE);
      state[1] = 0.0;
    } else {
      state[0] = scale;
    }
  } else {
    state[0] = 0.5 * scale;
    state[1] = 0.0;
    state[2] += 1.0;
  }
  clip[0] = norm;
  clip[1] = factor / scale;
  metrics[slot] += norm;
  metrics[slot + 1u] += factor;
  metrics[slot + 2u] += scale;
  metrics[slot + 3u] += select(1.0, 0.0, counts);
  metrics[slot + 4u] += state[2];
}
