// kernels/row_subset.wgsl: the rows of a residual stream that a branch works on (drop path).
//
// Math       expand         rows[place[s] + t − first[s]] = (t, factor[s])  for each token t, s its
//                           sequence: kept sequences first, so that the branch's rows are dense
//            pass_dropped   y[t] = residual[t]  for the tokens t that come after the kept ones;
//            pass_dropped_4 the same, four elements at once
// Shapes     rows [tokens, 2] = (token, bits of its factor);  sequence_of_token [tokens];
//            first [sequences + 1];  places [sequences, 2] = (place, bits of the factor);
//            y, residual [tokens, dim].
// Launch     expand: one token per lane. pass_dropped: one element per lane; pass_dropped_4: four,
//            dim counting fours.
// Numerics   none: factors go through as bits.
// Source     Huang et al. 2016, arXiv:1603.09382; Oquab et al. 2023, arXiv:2304.07193, section 5.

override WORKGROUP_SIZE: u32 = 256;

struct Params { tokens: u32, kept: u32, dim: u32 }

@group(0) @binding(0) var<uniform> params: Params;
// expand
@group(0) @binding(1) var<storage, read> sequence_of_token: array<u32>;
@group(0) @binding(2) var<storage, read> first: array<u32>;
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read_write> rows: array<u32>;
// pass_dropped
@group(0) @binding(1) var<storage, read> rows_in: array<u32>;
@group(0) @binding(2) var<storage, read> residual: array<elem>;
@group(0) @binding(3) var<storage, read_write> y: array<elem>;
@group(0) @binding(2) var<storage, read> residual_4: array<vec4<elem>>;
@group(0) @binding(3) var<storage, read_write> y_4: array<vec4<elem>>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn expand(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) lane: u32) {
  let token = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (token >= params.tokens) { return; }
  let sequence = sequence_of_token[token];
  let row = places[2u * sequence] + token - first[sequence];
  rows[2u * row] = token;
  rows[2u * row + 1u] = places[2u * sequence + 1u];
}

/// Where an element of a dropped row lies, the index counting those alone; past all rows for none.
fn stream_index(index: u32) -> u32 {
  let row = params.kept + index / params.dim;
  if (row >= params.tokens) { return params.tokens * params.dim; }
  return rows_in[2u * row] * params.dim + index % params.dim;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pass_dropped(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                @builtin(local_invocation_index) lane: u32) {
  let at = stream_index((group.y * groups.x + group.x) * WORKGROUP_SIZE + lane);
  if (at < params.tokens * params.dim) { y[at] = residual[at]; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pass_dropped_4(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let at = stream_index((group.y * groups.x + group.x) * WORKGROUP_SIZE + lane);
  if (at < params.tokens * params.dim) { y_4[at] = residual_4[at]; }
}
