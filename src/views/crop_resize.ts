import type { Raster } from "../images/raster.ts";

/** A rectangle of pixels: columns x0..x1-1, rows y0..y1-1. */
export interface CropBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** For each output position, a run of input positions and their weights. */
export interface Taps {
  first: Int32Array; // [output]
  count: Int32Array; // [output]
  weights: Float32Array; // [output, stride]; between the first and the last of a run all are equal
  stride: number;
}

/** How a box becomes a view: the taps inside the box, and how their sums become bytes. */
export interface Resampling {
  columns: Taps;
  rows: Taps;
  /** What sums are multiplied with, in float32, before they are rounded. */
  factor: number;
  rounding: "half up" | "half to even";
}

/**
 * The reference's way to resize a box: box averages where both directions shrink or stay, linear
 * interpolation in both otherwise.
 */
export function resamplingOf(
  { x0, y0, x1, y1 }: CropBox,
  { width, height }: { width: number; height: number },
): Resampling {
  const [boxWidth, boxHeight] = [x1 - x0, y1 - y0];
  const taps = (make: (input: number, output: number) => Taps) => ({
    columns: make(boxWidth, width),
    rows: make(boxHeight, height),
  });
  if (boxWidth < width || boxHeight < height) {
    return { ...taps(linearTaps), factor: 1, rounding: "half up" };
  }
  const [scaleX, scaleY] = [boxWidth / width, boxHeight / height];
  if (!Number.isInteger(scaleX) || !Number.isInteger(scaleY)) {
    return { ...taps(areaTaps), factor: 1, rounding: "half to even" };
  }
  // Sums over whole pixels; the reference rounds the mean of 2 x 2 up, the others to even.
  const rounding = scaleX === 2 && scaleY === 2 ? "half up" : "half to even";
  return { ...taps(sumTaps), factor: Math.fround(1 / (scaleX * scaleY)), rounding };
}

/** Cuts `box` out of an image and resizes it to `width` x `height`. */
export function cropResize(
  image: Raster,
  box: CropBox,
  size: { width: number; height: number },
): Raster {
  const same = box.x1 - box.x0 === size.width && box.y1 - box.y0 === size.height;
  return same ? crop(image, box) : resample(image, box, resamplingOf(box, size));
}

function crop(image: Raster, { x0, y0, x1, y1 }: CropBox): Raster {
  const { channels } = image;
  const [width, height] = [x1 - x0, y1 - y0];
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((y0 + y) * image.width + x0) * channels;
    pixels.set(image.pixels.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, pixels };
}

/** Share of each input cell in the output cell above it; slivers below 1/1000 do not count. */
function areaTaps(input: number, output: number): Taps {
  const scale = input / output;
  const stride = Math.ceil(scale) + 2;
  const taps = emptyTaps(output, stride);
  for (let i = 0; i < output; i++) {
    const start = i * scale;
    const end = start + scale;
    const size = Math.min(scale, input - start);
    const whole = Math.min(Math.floor(end), input - 1);
    const first = Math.min(Math.ceil(start), whole);
    const add = (share: number) => {
      taps.weights[i * stride + taps.count[i]++] = share / size;
    };
    taps.first[i] = first;
    if (first - start > 1e-3) {
      taps.first[i]--;
      add(first - start);
    }
    for (let j = first; j < whole; j++) add(1);
    if (end - whole > 1e-3) add(Math.min(end - whole, 1, size));
  }
  return taps;
}

/** All pixels of the output's cell, of weight 1. */
function sumTaps(input: number, output: number): Taps {
  const scale = input / output;
  const taps = emptyTaps(output, scale);
  for (let i = 0; i < output; i++) taps.first[i] = i * scale;
  taps.count.fill(scale);
  taps.weights.fill(1);
  return taps;
}

/** Two neighbours each; the exact divisions decide which ones where positions are nearly whole. */
function linearTaps(input: number, output: number): Taps {
  const inverse = output / input;
  const scale = 1 / inverse;
  const taps = emptyTaps(output, 2);
  for (let i = 0; i < output; i++) {
    let first = Math.floor(i * scale);
    let weight = Math.fround((i + 1) - (first + 1) * inverse);
    weight = weight <= 0 ? 0 : weight - Math.floor(weight);
    if (first >= input - 1) [first, weight] = [input - 1, 0];
    taps.first[i] = first;
    taps.count[i] = weight === 0 ? 1 : 2;
    taps.weights.set([1 - weight, weight], i * 2);
  }
  return taps;
}

function emptyTaps(output: number, stride: number): Taps {
  return {
    first: new Int32Array(output),
    count: new Int32Array(output),
    weights: new Float32Array(output * stride),
    stride,
  };
}

/** Applies the taps to columns, then rows, in float32 sums, and rounds once, at the end. */
function resample(
  image: Raster,
  { x0, y0 }: CropBox,
  { columns, rows, factor, rounding }: Resampling,
): Raster {
  const { channels } = image;
  const [width, height] = [columns.first.length, rows.first.length];
  const stride = width * channels;
  const pixels = new Uint8Array(height * stride);
  const sums = new Float32Array(stride);
  const cache = [new Float32Array(stride), new Float32Array(stride)]; // by parity of row
  const cached = [-1, -1];
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let tap = 0; tap < rows.count[y]; tap++) {
      const source = rows.first[y] + tap;
      const row = cache[source & 1];
      if (cached[source & 1] !== source) {
        resampleRow(image, y0 + source, x0, columns, row);
        cached[source & 1] = source;
      }
      const weight = rows.weights[y * rows.stride + tap];
      for (let i = 0; i < stride; i++) sums[i] += Math.fround(weight * row[i]);
    }
    for (let i = 0; i < stride; i++) {
      const value = Math.fround(sums[i] * factor);
      pixels[y * stride + i] = rounding === "half up" ? Math.round(value) : roundHalfEven(value);
    }
  }
  return { width, height, channels, pixels };
}

function resampleRow(image: Raster, y: number, x0: number, taps: Taps, out: Float32Array) {
  const { pixels, channels } = image;
  const { fround } = Math;
  const { first, count, weights, stride } = taps;
  const width = first.length;
  const rowStart = (y * image.width + x0) * channels;
  for (let x = 0; x < width; x++) {
    const start = x * stride;
    const end = start + count[x];
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      let at = rowStart + first[x] * channels + c;
      for (let tap = start; tap < end; tap++, at += channels) {
        sum = fround(sum + fround(weights[tap] * pixels[at]));
      }
      out[x * channels + c] = sum;
    }
  }
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
