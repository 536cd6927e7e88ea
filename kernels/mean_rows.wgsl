// kernels/mean_rows.wgsl: mean of the first rows of a matrix.
//
// Math       y = Σ_{r < n} x[r] / n,  n = min(count, rows);  0 when n = 0
// Shapes     x [rows, dim];  count [1];  y [1, dim].
// Launch     COLS columns per workgroup, the rows dealt to SLICES lanes of each.
// Numerics   f32 sums, slices added in a fixed order.
// Source     a mean of logits is the prototypes times the mean feature: the logits are not kept.

override COLS: u32 = 32;
override SLICES: u32 = 8;
override WORKGROUP_SIZE: u32 = 256; // COLS · SLICES

struct Params { rows: u32, dim: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<elem>;
@group(0) @binding(2) var<storage, read> count: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<elem>;

var<workgroup> partial: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(COLS, SLICES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_id) local: vec3u) {
  let col = (group.y * groups.x + group.x) * COLS + local.x;
  let alive = col < params.dim; // lanes past the end still meet the barrier
  let counted = min(count[0], params.rows);
  let rows = select(0u, counted, alive);

  var sum = 0.0;
  for (var row = local.y; row < rows; row += SLICES) {
    sum += f32(x[row * params.dim + col]);
  }
  partial[local.y * COLS + local.x] = sum;
  workgroupBarrier();
  if (local.y > 0u || !alive) { return; }

  var total = 0.0;
  for (var slice = 0u; slice < SLICES; slice++) { total += partial[slice * COLS + local.x]; }
  y[col] = elem(total / f32(max(counted, 1u)));
}
