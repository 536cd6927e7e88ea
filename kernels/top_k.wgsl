// kernels/top_k.wgsl: the greatest numbers of each row and their columns, over chunks of columns.
//
// Math       values[row], indices[row] = the k greatest of x[row], greatest first, of equal ones the
//            lower column first; columns count on from `seen`, those of earlier chunks, whose k
//            greatest the lists already hold and which take part.
// Shapes     x [rows, cols];  values, indices [rows, k], k at most 256. Places beyond seen + cols hold
//            0 and 0xffffffff.
// Launch     one workgroup per row, lanes stride over the columns.
// Numerics   exact: floats are compared as integers in the same order, −0 as 0. What beats the k-th
//            of the lists is counted; if it is at most 256 numbers, as in all chunks but the first
//            few, they are gathered at once; if it is more, the k-th greatest of the chunk is found
//            first, eight bits at a time from the highest (then, where several equal it, the column
//            up to which they count). Gathered numbers and lists are sorted together.
// Source     radix select: Alabi, Blanchard, Gordon, Steinbach 2012, doi:10.1145/2133803.2345676;
//            bitonic sort: Batcher 1968, doi:10.1145/1468075.1468121.

override WORKGROUP_SIZE: u32 = 256;

const MOST = 256u; // of k, and of what is gathered from a chunk
const NOWHERE = 0xffffffffu; // the column of a place that holds nothing

struct Params { rows: u32, cols: u32, k: u32, seen: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;

// What may be among the k greatest; a key of 0 is below that of every number.
var<workgroup> keys: array<u32, 2 * MOST>;
var<workgroup> columns: array<u32, 2 * MOST>;
var<workgroup> bins: array<atomic<u32>, 256>;
var<workgroup> gathered: atomic<u32>;
var<workgroup> shared_count: u32;
var<workgroup> shared_digit: vec3u;

// Unsigned integers in the order of the numbers.
fn key_of(value: f32) -> u32 {
  let bits = bitcast<u32>(select(value, 0.0, value == 0.0));
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn value_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

// Whether one place of the lists comes before another.
fn is_before(a: u32, b: u32) -> bool {
  return keys[a] > keys[b] || (keys[a] == keys[b] && columns[a] < columns[b]);
}

struct Found {
  item: u32,
  left: u32, // how many of those that equal the item are wanted
  equal: u32, // how many there are
}

// The wanted-th greatest key of the row; or, among its numbers of the key `like`, the wanted-th
// greatest complement of a column, which is that of the wanted-th column.
fn find_greatest(start: u32, lane: u32, wanted: u32, by_column: bool, like: u32) -> Found {
  var found = Found(0u, wanted, 0u);
  for (var digit = 4u; digit > 0u; digit--) {
    let shift = 8u * (digit - 1u);
    let known = select(0xffffff00u << shift, 0u, digit == 4u); // bits that are found already
    for (var bin = lane; bin < 256u; bin += WORKGROUP_SIZE) { atomicStore(&bins[bin], 0u); }
    workgroupBarrier();
    for (var col = lane; col < params.cols; col += WORKGROUP_SIZE) {
      let key = key_of(x[start + col]);
      let item = select(key, ~col, by_column);
      if ((item & known) == found.item && (!by_column || key == like)) {
        atomicAdd(&bins[(item >> shift) & 255u], 1u);
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var left = found.left;
      var bin = 255u;
      while (bin > 0u && atomicLoad(&bins[bin]) < left) {
        left -= atomicLoad(&bins[bin]);
        bin--;
      }
      shared_digit = vec3u(bin, left, atomicLoad(&bins[bin]));
    }
    let chosen = workgroupUniformLoad(&shared_digit);
    found = Found(found.item | (chosen.x << shift), chosen.y, chosen.z);
  }
  return found;
}

// `length` is a power of two.
fn sort_lists(lane: u32, length: u32) {
  for (var size = 2u; size <= length; size *= 2u) {
    for (var stride = size / 2u; stride > 0u; stride /= 2u) {
      for (var pair = lane; pair < length / 2u; pair += WORKGROUP_SIZE) {
        let a = 2u * pair - (pair & (stride - 1u));
        let b = a + stride;
        if (is_before(b, a) == ((a & size) == 0u)) {
          let kept = vec2u(keys[a], columns[a]);
          keys[a] = keys[b];
          columns[a] = columns[b];
          keys[b] = kept.x;
          columns[b] = kept.y;
        }
      }
      workgroupBarrier();
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let start = row * params.cols;
  let list = row * params.k;
  let listed = min(params.k, params.seen);

  // Only greater keys are better; but in columns before the end, equal ones are, too.
  var bar = select(0u, key_of(values[list + params.k - 1u]), listed == params.k);
  var equals_end = 0u;
  var better = 0u;
  for (var col = lane; col < params.cols; col += WORKGROUP_SIZE) {
    better += select(0u, 1u, key_of(x[start + col]) > bar);
  }
  atomicAdd(&gathered, better);
  workgroupBarrier();
  if (lane == 0u) {
    shared_count = atomicLoad(&gathered);
    atomicStore(&gathered, 0u);
  }
  let count = workgroupUniformLoad(&shared_count);
  if (count == 0u && listed == params.k) { return; } // the lists stay as they are
  if (count > MOST) {
    let last = find_greatest(start, lane, params.k, false, 0u);
    bar = last.item;
    equals_end = params.cols;
    if (last.left < last.equal) {
      equals_end = 1u + ~find_greatest(start, lane, last.left, true, bar).item;
    }
  }

  let all = max(1u, listed + min(count, MOST));
  let length = select(1u << (32u - countLeadingZeros(all - 1u)), 1u, all == 1u);
  for (var place = lane; place < max(length, params.k); place += WORKGROUP_SIZE) {
    let is_listed = place < listed;
    keys[place] = select(0u, key_of(values[list + place]), is_listed);
    columns[place] = select(NOWHERE, indices[list + place], is_listed);
  }
  workgroupBarrier();
  for (var col = lane; col < params.cols; col += WORKGROUP_SIZE) {
    let key = key_of(x[start + col]);
    if (key > bar || (key == bar && col < equals_end)) {
      let place = listed + atomicAdd(&gathered, 1u);
      keys[place] = key;
      columns[place] = params.seen + col;
    }
  }
  workgroupBarrier();
  sort_lists(lane, length);
  for (var place = lane; place < params.k; place += WORKGROUP_SIZE) {
    values[list + place] = select(value_of(keys[place]), 0.0, columns[place] == NOWHERE);
    indices[list + place] = columns[place];
  }
}
