// kernels/tokens.wgsl: class token, registers and patches of a group of crops, put in a sequence.
//
// Math       order in a crop: class token, R registers, N patches.
//            assemble           x = class + pos[0] | register | (masked ? mask_token : patch) + pos
//            backward_patches   dPatch = masked ? 0 : dx;  dPos = Σ_crops dx
//            backward_masked    the same, and S[patch] = Σ_crops masked·dx
//            backward_rows      d += Σ_crops dx at some tokens: class token, registers
//            backward_mask_token  d += Σ_patches S
// Shapes     patches, dPatches [crops·N, dim];  class, mask_token [dim];  registers [R, dim];
//            pos, dPos [1 + N, dim];  masks [crops·N], 1 = masked;  S [N, dim];
//            x, dx [tokens, dim], the group's crops one after another from first_token on.
// Launch     assemble: one workgroup per token. backward_*: a workgroup per 64 columns of one row
//            of its result; every element of a result has one lane, which visits all crops.
// Numerics   f32 sums over crops in order; the sum over patches comes second, so no loop is long.
// Source     Oquab et al. 2023, arXiv:2304.07193; registers: Darcet et al. 2023, arXiv:2309.16588.

const LANES = 64u;

struct Params {
  crops: u32, patches: u32, registers: u32, dim: u32, first_token: u32, masked: u32,
  first_row: u32, rows: u32, // backward_rows: which tokens of each crop
}

@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> patches: array<elem>;
@group(0) @binding(2) var<storage, read> cls_token: array<f32>;
@group(0) @binding(3) var<storage, read> register_tokens: array<f32>;
@group(0) @binding(4) var<storage, read> mask_token: array<f32>;
@group(0) @binding(5) var<storage, read> pos: array<f32>;
@group(0) @binding(6) var<storage, read> masks: array<u32>;
@group(0) @binding(7) var<storage, read_write> x: array<elem>;

@compute @workgroup_size(LANES)
fn assemble(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
            @builtin(local_invocation_index) lane: u32) {
  let sequence = 1u + params.registers + params.patches;
  let token = group.y * groups.x + group.x;
  if (token >= params.crops * sequence) { return; }
  let crop = token / sequence;
  let place = token % sequence;
  let dim = params.dim;
  let out = (params.first_token + token) * dim;
  if (place == 0u) {
    for (var col = lane; col < dim; col += LANES) {
      x[out + col] = elem(cls_token[col] + pos[col]);
    }
  } else if (place <= params.registers) {
    let start = (place - 1u) * dim;
    for (var col = lane; col < dim; col += LANES) {
      x[out + col] = elem(register_tokens[start + col]);
    }
  } else {
    let patch_index = place - 1u - params.registers;
    let row = crop * params.patches + patch_index;
    let start = (1u + patch_index) * dim;
    var masked = false;
    if (params.masked != 0u) { masked = masks[row] != 0u; }
    if (masked) {
      for (var col = lane; col < dim; col += LANES) {
        x[out + col] = elem(mask_token[col] + pos[start + col]);
      }
    } else {
      for (var col = lane; col < dim; col += LANES) {
        x[out + col] = elem(f32(patches[row * dim + col]) + pos[start + col]);
      }
    }
  }
}

@group(0) @binding(1) var<storage, read> dx: array<elem>;

// The element of dx at a column of one token of one crop.
fn at(crop: u32, place: u32, col: u32) -> u32 {
  let sequence = 1u + params.registers + params.patches;
  return (params.first_token + crop * sequence + place) * params.dim + col;
}

// Row and column of this lane in a grid of one workgroup per 64 columns.
fn row_and_column(index: u32, lane: u32) -> vec2u {
  let blocks = (params.dim + LANES - 1u) / LANES;
  return vec2u(index / blocks, index % blocks * LANES + lane);
}

@group(0) @binding(2) var<storage, read_write> d_patches: array<elem>;
@group(0) @binding(3) var<storage, read_write> d_pos: array<f32>;

@compute @workgroup_size(LANES)
fn backward_patches(@builtin(workgroup_id) group: vec3u,
                    @builtin(num_workgroups) groups: vec3u,
                    @builtin(local_invocation_index) lane: u32) {
  let cell = row_and_column(group.y * groups.x + group.x, lane);
  if (cell.x > params.patches || cell.y >= params.dim) { return; }
  let place = select(cell.x + params.registers, 0u, cell.x == 0u);
  var sum = 0.0;
  for (var crop = 0u; crop < params.crops; crop++) {
    let value = f32(dx[at(crop, place, cell.y)]);
    sum += value;
    if (cell.x > 0u) {
      d_patches[(crop * params.patches + cell.x - 1u) * params.dim + cell.y] = elem(value);
    }
  }
  d_pos[cell.x * params.dim + cell.y] = sum;
}

@group(0) @binding(2) var<storage, read> backward_masks: array<u32>;
@group(0) @binding(3) var<storage, read_write> d_visible: array<elem>; // dPatches
@group(0) @binding(4) var<storage, read_write> d_pos_masked: array<f32>; // dPos
@group(0) @binding(5) var<storage, read_write> mask_sums: array<f32>;

@compute @workgroup_size(LANES)
fn backward_masked(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                   @builtin(local_invocation_index) lane: u32) {
  let cell = row_and_column(group.y * groups.x + group.x, lane);
  if (cell.x > params.patches || cell.y >= params.dim) { return; }
  let place = select(cell.x + params.registers, 0u, cell.x == 0u);
  var sum = 0.0;
  var masked_sum = 0.0;
  for (var crop = 0u; crop < params.crops; crop++) {
    let value = f32(dx[at(crop, place, cell.y)]);
    sum += value;
    if (cell.x > 0u) {
      let row = crop * params.patches + cell.x - 1u;
      let masked = backward_masks[row] != 0u;
      masked_sum += select(0.0, value, masked);
      d_visible[row * params.dim + cell.y] = elem(select(value, 0.0, masked));
    }
  }
  d_pos_masked[cell.x * params.dim + cell.y] = sum;
  if (cell.x > 0u) { mask_sums[(cell.x - 1u) * params.dim + cell.y] = masked_sum; }
}

@group(0) @binding(2) var<storage, read_write> d_tokens: array<f32>;

@compute @workgroup_size(LANES)
fn backward_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                 @builtin(local_invocation_index) lane: u32) {
  let cell = row_and_column(group.y * groups.x + group.x, lane);
  if (cell.x >= params.rows || cell.y >= params.dim) { return; }
  var sum = 0.0;
  for (var crop = 0u; crop < params.crops; crop++) {
    sum += f32(dx[at(crop, params.first_row + cell.x, cell.y)]);
  }
  d_tokens[cell.x * params.dim + cell.y] += sum;
}

@group(0) @binding(1) var<storage, read> finished_sums: array<f32>; // S

@compute @workgroup_size(LANES)
fn backward_mask_token(@builtin(workgroup_id) group: vec3u,
                       @builtin(num_workgroups) groups: vec3u,
                       @builtin(local_invocation_index) lane: u32) {
  let col = (group.y * groups.x + group.x) * LANES + lane;
  if (col >= params.dim) { return; }
  var sum = 0.0;
  for (var i = 0u; i < params.patches; i++) { sum += finished_sums[i * params.dim + col]; }
  d_tokens[col] += sum;
}
