// kernels/parts/cells.wgsl: elements that are loaded and stored at once: one or, `wide`, eight.
//
// Shapes     a tensor whose rows are multiples of 8 is an array of wide cells; a value holds the eight
//            numbers of one, the first four in its first column.
// Launch     wide in kernels for software adapters, where what a load or store costs does not depend
//            on how wide its components are: eight elements are up to four numbers of 64 bits.
// Numerics   exact: the bits of each number are taken apart and put together.

import package::parts::elem::elem;
import package::parts::u64::u64;

@if(wide) const CELL = 8u;
@else const CELL = 1u;

@if(wide) alias Value = mat2x4f;
@else alias Value = f32;

// Of what is f32 whatever `elem` is.
@if(wide) alias WideCell = vec4<u64>;
@else alias WideCell = f32;

@if(wide && f16) alias Cell = vec2<u64>;
@elif(wide) alias Cell = WideCell;
@else alias Cell = elem;

fn low(bits: u64) -> u32 { return u32(bits); }
fn high(bits: u64) -> u32 { return u32(bits >> 32u); }
fn joined(low: u32, high: u32) -> u64 { return u64(low) | (u64(high) << 32u); }

fn four(first: u64, second: u64) -> vec4f {
  return bitcast<vec4f>(vec4u(low(first), high(first), low(second), high(second)));
}

fn from_wide(cell: WideCell) -> Value {
  @if(wide) return Value(four(cell.x, cell.y), four(cell.z, cell.w));
  @else return cell;
}

@if(wide)
fn to_wide(value: Value) -> WideCell {
  let a = bitcast<vec4u>(value[0]);
  let b = bitcast<vec4u>(value[1]);
  return WideCell(joined(a.x, a.y), joined(a.z, a.w), joined(b.x, b.y), joined(b.z, b.w));
}
@else
fn to_wide(value: Value) -> WideCell { return value; }

fn four_halves(bits: u64) -> vec4f {
  return vec4f(unpack2x16float(low(bits)), unpack2x16float(high(bits)));
}

fn halves(four: vec4f) -> u64 { return joined(pack2x16float(four.xy), pack2x16float(four.zw)); }

fn from_cell(cell: Cell) -> Value {
  @if(wide && f16) return Value(four_halves(cell.x), four_halves(cell.y));
  @elif(wide) return from_wide(cell);
  @else return f32(cell);
}

fn to_cell(value: Value) -> Cell {
  @if(wide && f16) return Cell(halves(value[0]), halves(value[1]));
  @elif(wide) return to_wide(value);
  @else return elem(value);
}

// The numbers as they are when they have been stored.
fn rounded(value: Value) -> Value {
  @if(wide && !f16) return value;
  @else return from_cell(to_cell(value));
}

fn times(a: Value, b: Value) -> Value {
  @if(wide) return Value(a[0] * b[0], a[1] * b[1]);
  @else return a * b;
}
