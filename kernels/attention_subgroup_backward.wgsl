// kernels/attention_subgroup_backward.wgsl: backward_rows of attention_backward.wgsl for software
// adapters.
//
// Math       p = e^(s − lse)   dp = dout·vᵀ   ds = p·(dp − delta)   s = q·kᵀ/√head_dim
//            rows are queries:  dq = Σ_keys ds·k/√head_dim
//            rows are keys:     dk = Σ_queries ds·q/√head_dim,   dv = Σ_queries p·dout
// Shapes     qkv, dqkv [T, 3·D];  dout [T, D];  lse, delta [T, heads];
//            tiles: (first row, sequence start, sequence end, 0).
// Launch     once for queries and once for keys: one subgroup per tile of 8 rows and head, laid
//            out as in attention_subgroup.wgsl: a lane owns 4 columns of the scores, and of the
//            result the 4-vectors lane + LANES·slot. Matrices hold 4 rows, a column is one row's.
// Numerics   f32 sums in a fixed order; every row has one owner, so nothing is added atomically.
// Source     Dao et al. 2022, arXiv:2205.14135, appendix B.

override HEAD_DIM: u32 = 64; // a multiple of 4
override LANES: u32 = 8; // the size of a subgroup
override ROWS_ARE_KEYS: bool = false;
override VECS: u32 = HEAD_DIM / 4u;

// Side 1 makes the scores: q and k. Side 2 makes dp: dout and v.
const Q = 0u;
const K = 1u;
const V = 2u;
const DOUT = 3u;
override ROW_SIDE1: u32 = select(Q, K, ROWS_ARE_KEYS);
override ROW_SIDE2: u32 = select(DOUT, V, ROWS_ARE_KEYS);
override COL_SIDE1: u32 = select(K, Q, ROWS_ARE_KEYS);
override COL_SIDE2: u32 = select(V, DOUT, ROWS_ARE_KEYS);

const FOUR = vec4u(0u, 1u, 2u, 3u);

struct Params { tiles: u32, heads: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<elem>>;
@group(0) @binding(2) var<storage, read> dout: array<vec4<elem>>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> delta: array<f32>;
@group(0) @binding(5) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> dqkv: array<elem>;

fn qkv4(at: u32, col: u32) -> vec4f { return vec4f(qkv[(at + col) / 4u]); }
fn dout4(at: u32, col: u32) -> vec4f { return vec4f(dout[(at + col) / 4u]); }

/// Four rows' numbers for the same 4 columns of a head; past the head's end its last ones.
fn read_rows(part: u32, rows: vec4u, head: u32, vec: u32) -> mat4x4f {
  let col = min(vec * 4u, HEAD_DIM - 4u);
  if (part == DOUT) {
    let at = (rows * params.heads + head) * HEAD_DIM;
    return mat4x4f(dout4(at.x, col), dout4(at.y, col), dout4(at.z, col), dout4(at.w, col));
  }
  let at = ((rows * 3u + part) * params.heads + head) * HEAD_DIM;
  return mat4x4f(qkv4(at.x, col), qkv4(at.y, col), qkv4(at.z, col), qkv4(at.w, col));
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

/// Numbers per token and head for 4 rows (spread over columns) or 4 columns (within columns).
fn spread(per_row: vec4f, per_col: vec4f) -> mat4x4f {
  if (ROWS_ARE_KEYS) { return mat4x4f(per_col, per_col, per_col, per_col); }
  return mat4x4f(vec4f(per_row.x), vec4f(per_row.y), vec4f(per_row.z), vec4f(per_row.w));
}

fn weights_of(s: mat4x4f, less: mat4x4f, keep: vec4f) -> mat4x4f {
  let d = s * params.scale - less;
  return mat4x4f(exp(d[0]) * keep, exp(d[1]) * keep, exp(d[2]) * keep, exp(d[3]) * keep);
}

fn product(a: mat4x4f, b: mat4x4f) -> mat4x4f {
  return mat4x4f(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]);
}

fn lse4(rows: vec4u, head: u32) -> vec4f {
  let at = rows * params.heads + head;
  return vec4f(lse[at.x], lse[at.y], lse[at.z], lse[at.w]);
}

fn delta4(rows: vec4u, head: u32) -> vec4f {
  let at = rows * params.heads + head;
  return vec4f(delta[at.x], delta[at.y], delta[at.z], delta[at.w]);
}

fn write_rows(part: u32, first: u32, end: u32, head: u32, vec: u32, rows: mat4x4f) {
  for (var i = 0u; i < 4u && first + i < end; i++) {
    let at = (((first + i) * 3u + part) * params.heads + head) * HEAD_DIM;
    for (var c = 0u; c < 4u && vec * 4u + c < HEAD_DIM; c++) {
      dqkv[at + vec * 4u + c] = elem(rows[i][c]);
    }
  }
}

/// What becomes of one slot of the result: gradients of sides 1 and 2 for rows a and b.
struct Slot { a1: mat4x4f, b1: mat4x4f, a2: mat4x4f, b2: mat4x4f }

/// The scores' gradients of 8 rows with the 4 columns that one lane owns.
struct Scores { ds_a: mat4x4f, ds_b: mat4x4f, p_a: mat4x4f, p_b: mat4x4f }

fn accumulate(slot: ptr<function, Slot>, w: Scores, cols: vec4u, head: u32, vec: u32) {
  let side1 = read_rows(COL_SIDE1, cols, head, vec);
  (*slot).a1 += side1 * w.ds_a;
  (*slot).b1 += side1 * w.ds_b;
  if (ROWS_ARE_KEYS) {
    let side2 = read_rows(COL_SIDE2, cols, head, vec);
    (*slot).a2 += side2 * w.p_a;
    (*slot).b2 += side2 * w.p_b;
  }
}

fn write_slot(slot: Slot, first: u32, end: u32, head: u32, vec: u32) {
  write_rows(ROW_SIDE1, first, end, head, vec, slot.a1 * params.scale);
  write_rows(ROW_SIDE1, first + 4u, end, head, vec, slot.b1 * params.scale);
  if (ROWS_ARE_KEYS) {
    write_rows(V, first, end, head, vec, slot.a2);
    write_rows(V, first + 4u, end, head, vec, slot.b2);
  }
}

@compute @workgroup_size(LANES)
fn backward_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                 @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.tiles * params.heads) { return; }
  let tile = tiles[index / params.heads];
  let head = index % params.heads;
  let end = tile.z;
  let last = vec4u(end - 1u);
  let rows_a = min(tile.x + FOUR, last);
  let rows_b = min(tile.x + 4u + FOUR, last);
  var slot0 = Slot();
  var slot1 = Slot();
  var slot2 = Slot();
  var slot3 = Slot();

  for (var first = tile.y; first < end; first += 4u * LANES) {
    let cols = first + 4u * lane + FOUR;
    let held = min(cols, last);
    var s_a = mat4x4f();
    var s_b = mat4x4f();
    var dp_a = mat4x4f();
    var dp_b = mat4x4f();
    for (var base = 0u; base < VECS; base += LANES) {
      let side1_a = read_inside(ROW_SIDE1, rows_a, head, base + lane);
      let side1_b = read_inside(ROW_SIDE1, rows_b, head, base + lane);
      let side2_a = read_inside(ROW_SIDE2, rows_a, head, base + lane);
      let side2_b = read_inside(ROW_SIDE2, rows_b, head, base + lane);
      let vecs = min(LANES, VECS - base);
      for (var other = 0u; other < vecs; other++) {
        let side1 = transpose(read_rows(COL_SIDE1, held, head, base + other));
        s_a += side1 * shuffle(side1_a, other);
        s_b += side1 * shuffle(side1_b, other);
        let side2 = transpose(read_rows(COL_SIDE2, held, head, base + other));
        dp_a += side2 * shuffle(side2_a, other);
        dp_b += side2 * shuffle(side2_b, other);
      }
    }
    let keep = vec4f(cols < vec4u(end));
    let col_lse = lse4(held, head);
    let col_delta = delta4(held, head);
    let p_a = weights_of(s_a, spread(lse4(rows_a, head), col_lse), keep);
    let p_b = weights_of(s_b, spread(lse4(rows_b, head), col_lse), keep);
    let ds_a = product(p_a, dp_a - spread(delta4(rows_a, head), col_delta));
    let ds_b = product(p_b, dp_b - spread(delta4(rows_b, head), col_delta));

    let holders = min(LANES, (end - first + 3u) / 4u);
    for (var other = 0u; other < holders; other++) {
      var w = Scores(shuffle(ds_a, other), shuffle(ds_b, other), mat4x4f(), mat4x4f());
      if (ROWS_ARE_KEYS) {
        w.p_a = shuffle(p_a, other);
        w.p_b = shuffle(p_b, other);
      }
      let at = min(first + 4u * other + FOUR, last);
      accumulate(&slot0, w, at, head, lane);
      if (VECS > LANES) { accumulate(&slot1, w, at, head, lane + LANES); }
      if (VECS > 2u * LANES) { accumulate(&slot2, w, at, head, lane + 2u * LANES); }
      if (VECS > 3u * LANES) { accumulate(&slot3, w, at, head, lane + 3u * LANES); }
    }
  }

  write_slot(slot0, tile.x, end, head, lane);
  if (VECS > LANES) { write_slot(slot1, tile.x, end, head, lane + LANES); }
  if (VECS > 2u * LANES) { write_slot(slot2, tile.x, end, head, lane + 2u * LANES); }
  if (VECS > 3u * LANES) { write_slot(slot3, tile.x, end, head, lane + 3u * LANES); }
}
