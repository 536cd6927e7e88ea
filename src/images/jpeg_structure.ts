/**
 * Tells whether the parts of a JPEG follow one another without a gap from its start to its end mark,
 * which those of a file that is cut off or overwritten do not.
 *
 * @param bytes A file that starts as a JPEG does.
 */
export function isWholeJpeg(bytes: Uint8Array): boolean {
  let at = 2;
  while (at + 1 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === 0xd9) return true;
    const isSegment = marker >= 0xc0 && marker < 0xff && (marker < 0xd0 || marker > 0xd8);
    if (!isSegment || at + 3 >= bytes.length) return false;
    at += 2 + (bytes[at + 2] << 8) + bytes[at + 3];
    if (marker === 0xda) at = endOfScan(bytes, at);
  }
  return false;
}

/** Where the next marker is that does not belong to the coded data; past the end if none is. */
function endOfScan(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((at = bytes.indexOf(0xff, at)) >= 0) {
    const next = bytes[at + 1];
    const isData = next === 0 || (next >= 0xd0 && next <= 0xd7); // a byte of 255, or a restart
    if (!isData) return at;
    at += 2;
  }
  return bytes.length;
}
