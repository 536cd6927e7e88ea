/** An image in memory: 8-bit samples, row after row, the channels of a pixel side by side. */
export interface Raster {
  width: number;
  height: number;
  /** 1: grey, 2: grey and alpha, 3: red, green, blue, 4: those and alpha. */
  channels: number;
  pixels: Uint8Array; // [height, width, channels]
}
