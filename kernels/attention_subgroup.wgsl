// kernels/attention_subgroup.wgsl: attention.wgsl for software adapters; attention_wide.wgsl is for
// heads of up to 64 numbers in eights.
//
// Math       s = q·kᵀ/√head_dim   lse = ln Σ_keys eˢ   out = Σ_keys e^(s − lse)·v
// Shapes     qkv [T, 3·D]: all q, then all k, then all v; inside each, head after head;
//            out [T, D];  lse [T, heads];  tiles: (first row, sequence start, sequence end, 0).
// Launch     one subgroup per tile of 8 queries and head. A lane owns 4 keys of the scores, and of
//            out the 4-vectors lane + LANES·slot. What another lane holds is shuffled, not loaded:
//            a load is dear where the "GPU" is a CPU, and there is no workgroup memory, no barrier.
//            Matrices hold 4 rows: a column is one row's numbers for 4 keys or 4 head columns.
// Numerics   online softmax in f32: running maximum, sums rescaled when it rises.
// Source     Dao et al. 2022, arXiv:2205.14135; Dao 2023, arXiv:2307.08691.

override HEAD_DIM: u32 = 64; // a multiple of 4
override LANES: u32 = 8; // the size of a subgroup
override VECS: u32 = HEAD_DIM / 4u;

const LOWEST = -1e30; // below every score; no infinity, which a compiler may assume away
const FOUR = vec4u(0u, 1u, 2u, 3u);

struct Params { tiles: u32, heads: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<elem>>;
@group(0) @binding(2) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> out: array<elem>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

fn read4(at: u32, col: u32) -> vec4f { return vec4f(qkv[(at + col) / 4u]); }

/// Four rows' numbers for the same 4 columns of a head; past the head's end its last ones.
fn read_rows(part: u32, rows: vec4u, head: u32, vec: u32) -> mat4x4f {
  let at = ((rows * 3u + part) * params.heads + head) * HEAD_DIM;
  let col = min(vec * 4u, HEAD_DIM - 4u);
  return mat4x4f(read4(at.x, col), read4(at.y, col), read4(at.z, col), read4(at.w, col));
}

/// As read_rows, with zeros past the head's end, so that they add nothing to a product.
fn read_inside(part: u32, rows: vec4u, head: u32, vec: u32) -> mat4x4f {
  let inside = vec4f(vec * 4u + FOUR < vec4u(HEAD_DIM));
  let m = read_rows(part, rows, head, vec);
  return mat4x4f(m[0] * inside, m[1] * inside, m[2] * inside, m[3] * inside);
}

fn shuffle(m: mat4x4f, lane: u32) -> mat4x4f {
  return mat4x4f(subgroupShuffle(m[0], lane), subgroupShuffle(m[1], lane),
                 subgroupShuffle(m[2], lane), subgroupShuffle(m[3], lane));
}

fn scale_rows(rows: mat4x4f, by: vec4f) -> mat4x4f {
  return mat4x4f(rows[0] * by.x, rows[1] * by.y, rows[2] * by.z, rows[3] * by.w);
}

fn exp_rows(rows: mat4x4f, less: vec4f) -> mat4x4f {
  return mat4x4f(exp(rows[0] - less.x), exp(rows[1] - less.y), exp(rows[2] - less.z),
                 exp(rows[3] - less.w));
}

fn max_of_rows(rows: mat4x4f) -> vec4f {
  let t = transpose(rows);
  return subgroupMax(max(max(t[0], t[1]), max(t[2], t[3])));
}

fn mask(rows: mat4x4f, keep: vec4<bool>) -> mat4x4f {
  let low = vec4f(LOWEST);
  return mat4x4f(select(low, rows[0], keep), select(low, rows[1], keep),
                 select(low, rows[2], keep), select(low, rows[3], keep));
}

fn write_rows(first: u32, end: u32, head: u32, vec: u32, rows: mat4x4f) {
  for (var i = 0u; i < 4u && first + i < end; i++) {
    let at = ((first + i) * params.heads + head) * HEAD_DIM;
    for (var c = 0u; c < 4u && vec * 4u + c < HEAD_DIM; c++) {
      out[at + vec * 4u + c] = elem(rows[i][c]);
    }
  }
}

/// One slot of out: rows a, the tile's first 4, and rows b, its last 4.
struct Slot { a: mat4x4f, b: mat4x4f }

fn accumulate(slot: ptr<function, Slot>, p_a: mat4x4f, p_b: mat4x4f, keys: vec4u, head: u32,
              vec: u32) {
  let v = read_rows(2u, keys, head, vec);
  (*slot).a += v * p_a;
  (*slot).b += v * p_b;
}

fn scale_slot(slot: Slot, by_a: vec4f, by_b: vec4f) -> Slot {
  return Slot(scale_rows(slot.a, by_a), scale_rows(slot.b, by_b));
}

fn write_slot(slot: Slot, first: u32, end: u32, head: u32, vec: u32) {
  write_rows(first, end, head, vec, slot.a);
  write_rows(first + 4u, end, head, vec, slot.b);
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.tiles * params.heads) { return; }
  let tile = tiles[index / params.heads];
  let head = index % params.heads;
  let end = tile.z;
  let last = vec4u(end - 1u);
  let rows_a = min(tile.x + FOUR, last);
  let rows_b = min(tile.x + 4u + FOUR, last);
  var max_a = vec4f(LOWEST);
  var max_b = vec4f(LOWEST);
  var sum_a = vec4f(); // over this lane's keys only, until the end
  var sum_b = vec4f();
  var slot0 = Slot();
  var slot1 = Slot();
  var slot2 = Slot();
  var slot3 = Slot();

  for (var first = tile.y; first < end; first += 4u * LANES) {
    let keys = first + 4u * lane + FOUR;
    let held = min(keys, last);
    var s_a = mat4x4f();
    var s_b = mat4x4f();
    for (var base = 0u; base < VECS; base += LANES) {
      let q_a = read_inside(0u, rows_a, head, base + lane);
      let q_b = read_inside(0u, rows_b, head, base + lane);
      let vecs = min(LANES, VECS - base);
      for (var other = 0u; other < vecs; other++) {
        let k = transpose(read_rows(1u, held, head, base + other));
        s_a += k * shuffle(q_a, other);
        s_b += k * shuffle(q_b, other);
      }
    }
    s_a = mask(s_a * params.scale, keys < vec4u(end));
    s_b = mask(s_b * params.scale, keys < vec4u(end));

    let next_a = max(max_a, max_of_rows(s_a));
    let next_b = max(max_b, max_of_rows(s_b));
    let shrink_a = exp(max_a - next_a);
    let shrink_b = exp(max_b - next_b);
    max_a = next_a;
    max_b = next_b;
    s_a = exp_rows(s_a, max_a);
    s_b = exp_rows(s_b, max_b);
    sum_a = sum_a * shrink_a + vec4f(1.0) * s_a; // a row vector times a matrix: sums of columns
    sum_b = sum_b * shrink_b + vec4f(1.0) * s_b;

    slot0 = scale_slot(slot0, shrink_a, shrink_b);
    if (VECS > LANES) { slot1 = scale_slot(slot1, shrink_a, shrink_b); }
    if (VECS > 2u * LANES) { slot2 = scale_slot(slot2, shrink_a, shrink_b); }
    if (VECS > 3u * LANES) { slot3 = scale_slot(slot3, shrink_a, shrink_b); }
    let holders = min(LANES, (end - first + 3u) / 4u);
    for (var other = 0u; other < holders; other++) {
      let p_a = shuffle(s_a, other);
      let p_b = shuffle(s_b, other);
      let at = min(first + 4u * other + FOUR, last);
      accumulate(&slot0, p_a, p_b, at, head, lane);
      if (VECS > LANES) { accumulate(&slot1, p_a, p_b, at, head, lane + LANES); }
      if (VECS > 2u * LANES) { accumulate(&slot2, p_a, p_b, at, head, lane + 2u * LANES); }
      if (VECS > 3u * LANES) { accumulate(&slot3, p_a, p_b, at, head, lane + 3u * LANES); }
    }
  }

  sum_a = subgroupAdd(sum_a);
  sum_b = subgroupAdd(sum_b);
  let by_a = 1.0 / sum_a;
  let by_b = 1.0 / sum_b;
  write_slot(scale_slot(slot0, by_a, by_b), tile.x, end, head, lane);
  if (VECS > LANES) {
    write_slot(scale_slot(slot1, by_a, by_b), tile.x, end, head, lane + LANES);
  }
  if (VECS > 2u * LANES) {
    write_slot(scale_slot(slot2, by_a, by_b), tile.x, end, head, lane + 2u * LANES);
  }
  if (VECS > 3u * LANES) {
    write_slot(scale_slot(slot3, by_a, by_b), tile.x, end, head, lane + 3u * LANES);
  }
  if (lane < 4u) {
    let row = tile.x + lane;
    if (row < end) { lse[row * params.heads + head] = max_a[lane] + log(sum_a[lane]); }
    if (row + 4u < end) { lse[(row + 4u) * params.heads + head] = max_b[lane] + log(sum_b[lane]); }
  }
}
