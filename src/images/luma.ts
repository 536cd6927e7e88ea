/** Luma of the red, green and blue at offset `i`, in 15-bit fixed point; of a grey the grey itself. */
export function grayValue(pixels: Uint8Array, i: number): number {
  return (9798 * pixels[i] + 19235 * pixels[i + 1] + 3735 * pixels[i + 2] + 16384) >> 15;
}
