import { crc32c } from "./crc32c.ts";

/**
 * Frames one record of a TFRecord file, little-endian: u64 length, u32 its masked CRC, the data,
 * u32 its masked CRC.
 */
export function frameRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(12 + data.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

/** A CRC over data that holds CRCs would be weak: what is stored is turned and moved. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0;
}
