import type { Raster } from "../images/raster.ts";

/** Mirrors left and right, in place. */
export function flipHorizontal({ width, height, channels, pixels }: Raster): void {
  for (let y = 0; y < height; y++) {
    let left = y * width * channels;
    let right = left + (width - 1) * channels;
    for (; left < right; left += channels, right -= channels) {
      for (let c = 0; c < channels; c++) {
        const kept = pixels[left + c];
        pixels[left + c] = pixels[right + c];
        pixels[right + c] = kept;
      }
    }
  }
}

/** Mirrors top and bottom, in place. */
export function flipVertical({ width, height, channels, pixels }: Raster): void {
  const row = width * channels;
  for (let top = 0, bottom = (height - 1) * row; top < bottom; top += row, bottom -= row) {
    const kept = new Uint8Array(pixels.subarray(top, top + row));
    pixels.copyWithin(top, bottom, bottom + row);
    pixels.set(kept, bottom);
  }
}
