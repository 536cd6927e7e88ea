import type { Raster } from "../../src/images/raster.ts";

/** Exact average over the fractional box of each output pixel. */
export function areaReference(image: Raster, width: number, height: number): Float64Array {
  const overlap = (start: number, end: number, cell: number) =>
    Math.max(0, Math.min(end, cell + 1) - Math.max(start, cell));
  const [scaleX, scaleY] = [image.width / width, image.height / height];
  const { channels } = image;
  return Float64Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    let sum = 0;
    for (let row = 0; row < image.height; row++) {
      for (let col = 0; col < image.width; col++) {
        const weight = overlap(x * scaleX, (x + 1) * scaleX, col) *
          overlap(y * scaleY, (y + 1) * scaleY, row);
        sum += weight * image.pixels[(row * image.width + col) * channels + i % channels];
      }
    }
    return sum / (scaleX * scaleY);
  });
}
