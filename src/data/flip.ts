import type { RgbImage } from "./decode.ts";

/** Mirrors left and right, in place. */
export function flipHorizontal({ width, height, data }: RgbImage): void {
  for (let y = 0; y < height; y++) {
    let left = y * width * 3;
    let right = left + (width - 1) * 3;
    for (; left < right; left += 3, right -= 3) {
      for (let c = 0; c < 3; c++) {
        const kept = data[left + c];
        data[left + c] = data[right + c];
        data[right + c] = kept;
      }
    }
  }
}

/** Mirrors top and bottom, in place. */
export function flipVertical({ width, height, data }: RgbImage): void {
  const row = width * 3;
  for (let top = 0, bottom = (height - 1) * row; top < bottom; top += row, bottom -= row) {
    const kept = new Uint8Array(data.subarray(top, top + row));
    data.copyWithin(top, bottom, bottom + row);
    data.set(kept, bottom);
  }
}
