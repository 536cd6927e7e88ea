/** Bytes of every header that we write: room for a shape of any count, and a multiple of 64. */
const HEADER_BYTES = 128;

/** What an array of little-endian float32 in C order begins with: NumPy's format, version 1.0. */
export function npyHeader(shape: readonly number[]): Uint8Array {
  const described = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const bytes = new Uint8Array(HEADER_BYTES).fill(0x20); // spaces
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, HEADER_BYTES - 10, 0]);
  bytes.set(new TextEncoder().encode(described), 10);
  bytes[HEADER_BYTES - 1] = 0x0a;
  return bytes;
}
