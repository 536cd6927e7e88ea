// kernels/parts/wide_cells.wgsl: eight neighbouring elements as few 64-bit numbers.
//
// Shapes     a tensor whose rows are multiples of 8 is an array of cells; a value holds the eight
//            numbers of one, the first four in its first column.
// Launch     imported by kernels for software adapters, where what one load or store costs does not
//            depend on how wide its components are.
// Numerics   exact: the bits of each number are taken apart and put together.

import package::parts::u64::u64;

alias Value = mat2x4f;

alias WideCell = vec4<u64>; // of f32
@if(f16) alias Cell = vec2<u64>;
@else alias Cell = WideCell;

fn low(bits: u64) -> u32 { return u32(bits); }
fn high(bits: u64) -> u32 { return u32(bits >> 32u); }
fn joined(low: u32, high: u32) -> u64 { return u64(low) | (u64(high) << 32u); }

fn four(first: u64, second: u64) -> vec4f {
  return bitcast<vec4f>(vec4u(low(first), high(first), low(second), high(second)));
}

fn from_wide(cell: WideCell) -> Value { return Value(four(cell.x, cell.y), four(cell.z, cell.w)); }

fn to_wide(value: Value) -> WideCell {
  let a = bitcast<vec4u>(value[0]);
  let b = bitcast<vec4u>(value[1]);
  return WideCell(joined(a.x, a.y), joined(a.z, a.w), joined(b.x, b.y), joined(b.z, b.w));
}

@if(f16)
fn four_halves(bits: u64) -> vec4f {
  return vec4f(unpack2x16float(low(bits)), unpack2x16float(high(bits)));
}

@if(f16)
fn halves(four: vec4f) -> u64 { return joined(pack2x16float(four.xy), pack2x16float(four.zw)); }

fn from_cell(cell: Cell) -> Value {
  @if(f16) return Value(four_halves(cell.x), four_halves(cell.y));
  @else return from_wide(cell);
}

fn to_cell(value: Value) -> Cell {
  @if(f16) return Cell(halves(value[0]), halves(value[1]));
  @else return to_wide(value);
}

// The numbers as they are when they have been stored.
fn rounded(value: Value) -> Value {
  @if(f16) return from_cell(to_cell(value));
  @else return value;
}
