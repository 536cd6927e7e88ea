import type { Raster } from "../images/raster.ts";
import type { RandomStream } from "../random.ts";

/** The classes of the demo set, in order of their labels. */
export const TEXTURE_CLASSES = [
  "stripes_right",
  "stripes_left",
  "checkers",
  "rings",
  "dots",
  "circles",
  "boxes",
  "waves",
  "clouds",
  "grain",
] as const;

export type TextureClass = (typeof TEXTURE_CLASSES)[number];

/** How much of the pixel at (x, y), in pixels of a 64-pixel image, has the second color: 0..1. */
type Coverage = (x: number, y: number) => number;

const REFERENCE_SIZE = 64; // shapes are laid out in these units and scaled
const NOISE = 5; // standard deviation, of 255

/** Draws one image of a class: its shape, place, scale, colors, light and noise are random. */
export function drawTexture(stream: RandomStream, kind: TextureClass, size: number): Raster {
  const coverage = coverageOf(stream, kind);
  const [back, front] = drawColors(stream);
  // A colored light that falls off to one side: it changes raw pixels more than what is seen.
  const tilts = back.map(() => [stream.range(-0.6, 0.6), stream.range(-0.6, 0.6)]);
  const pixels = new Uint8Array(size * size * 3);
  const unit = REFERENCE_SIZE / size;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const share = coverage((x + 0.5) * unit, (y + 0.5) * unit);
      for (let c = 0; c < 3; c++) {
        const color = back[c] + (front[c] - back[c]) * share;
        const light = 1 + tilts[c][0] * (x / size - 0.5) + tilts[c][1] * (y / size - 0.5);
        const value = Math.round(color * light + NOISE * stream.normal());
        pixels[(y * size + x) * 3 + c] = Math.min(255, Math.max(0, value));
      }
    }
  }
  return { width: size, height: size, channels: 3, pixels };
}

function coverageOf(stream: RandomStream, kind: TextureClass): Coverage {
  switch (kind) {
    case "stripes_right":
      return stripes(stream, 1);
    case "stripes_left":
      return stripes(stream, -1);
    case "checkers":
      return checkers(stream);
    case "rings":
      return rings(stream);
    case "dots":
      return dots(stream);
    case "circles":
      return circles(stream);
    case "boxes":
      return boxes(stream);
    case "waves":
      return waves(stream);
    case "clouds":
      return clouds(stream);
    case "grain":
      return grain(stream);
  }
}

/** Two colors that differ in hue and clearly in lightness, either one the darker. */
function drawColors(stream: RandomStream): [number[], number[]] {
  const hue = stream.uniform();
  const dark = hslColor(hue, stream.range(0.35, 0.8), stream.range(0.2, 0.38));
  const otherHue = hue + stream.range(0.2, 0.8);
  const bright = hslColor(otherHue, stream.range(0.35, 0.8), stream.range(0.66, 0.85));
  return stream.bool(0.5) ? [dark, bright] : [bright, dark];
}

function hslColor(hue: number, saturation: number, lightness: number): number[] {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const k = (offset + 12 * (hue % 1)) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  });
}

/** Coverage of a pixel whose center lies `distance` pixels inside an edge. */
function edge(distance: number): number {
  return Math.min(1, Math.max(0, 0.5 + distance));
}

/** Coverage of bands of half the period, one unit of `position` per pixel. */
function bands(position: number, period: number): number {
  const turn = position / period;
  return edge((0.25 - Math.abs(turn - Math.floor(turn) - 0.5)) * period);
}

function turned(angle: number): (x: number, y: number) => [number, number] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => [cos * x + sin * y, cos * y - sin * x];
}

/** Parallel stripes that rise to the right (`slope` 1) or to the left (-1). */
function stripes(stream: RandomStream, slope: number): Coverage {
  const turn = turned(slope * (Math.PI / 4 + stream.range(-0.35, 0.35)));
  const period = stream.range(5.5, 13);
  const phase = stream.range(0, period);
  return (x, y) => bands(turn(x, y)[0] + phase, period);
}

function checkers(stream: RandomStream): Coverage {
  const turn = turned(stream.range(-0.25, 0.25));
  const period = stream.range(11, 22);
  const [phaseX, phaseY] = [stream.range(0, period), stream.range(0, period)];
  return (x, y) => {
    const [u, v] = turn(x, y);
    const [across, down] = [bands(u + phaseX, period), bands(v + phaseY, period)];
    return across + down - 2 * across * down;
  };
}

function rings(stream: RandomStream): Coverage {
  const [centerX, centerY] = [stream.range(12, 52), stream.range(12, 52)];
  const period = stream.range(8, 15);
  const phase = stream.range(0, period);
  return (x, y) => bands(Math.hypot(x - centerX, y - centerY) + phase, period);
}

/** Small filled dots, on a grid that is turned and a little uneven. */
function dots(stream: RandomStream): Coverage {
  const turn = turned(stream.range(0, Math.PI / 2));
  const spacing = stream.range(10, 16);
  const radius = spacing * stream.range(0.26, 0.34);
  const [phaseX, phaseY] = [stream.range(0, spacing), stream.range(0, spacing)];
  return (x, y) => {
    const [u, v] = turn(x, y);
    const row = Math.floor((v + phaseY) / spacing);
    const shift = row % 2 === 0 ? 0 : spacing / 2; // every second row lies between
    const dx = wrap(u + phaseX + shift, spacing) - spacing / 2;
    const dy = wrap(v + phaseY, spacing) - spacing / 2;
    return edge(radius - Math.hypot(dx, dy));
  };
}

function wrap(value: number, period: number): number {
  return value - Math.floor(value / period) * period;
}

interface Shape {
  x: number;
  y: number;
  reach: number;
}

/** Shapes of random place and size that keep `gap` apart, at most `count`. */
function scatter(
  stream: RandomStream,
  { count, sizes, gap }: { count: number; sizes: [number, number]; gap: number },
): Shape[] {
  const placed: Shape[] = [];
  for (let attempt = 0; attempt < 200 && placed.length < count; attempt++) {
    const reach = stream.range(...sizes);
    const x = stream.range(reach * 0.6, REFERENCE_SIZE - reach * 0.6);
    const y = stream.range(reach * 0.6, REFERENCE_SIZE - reach * 0.6);
    const free = placed.every((p) => Math.hypot(p.x - x, p.y - y) > p.reach + reach + gap);
    if (free) placed.push({ x, y, reach });
  }
  return placed;
}

/** A few outlined circles, apart from each other. */
function circles(stream: RandomStream): Coverage {
  const thickness = stream.range(2.6, 4.2);
  const placed = scatter(stream, { count: 5 + stream.int(4), sizes: [8, 16], gap: 1 });
  return (x, y) => {
    let best = 0;
    for (const circle of placed) {
      const off = Math.abs(Math.hypot(x - circle.x, y - circle.y) - circle.reach + thickness / 2);
      best = Math.max(best, edge(thickness / 2 - off));
    }
    return best;
  };
}

/** A few filled rectangles, nearly upright, apart from each other. */
function boxes(stream: RandomStream): Coverage {
  const placed = scatter(stream, { count: 4 + stream.int(4), sizes: [8, 17], gap: -1 })
    .map((shape) => {
      const angle = stream.range(0.5, Math.PI / 2 - 0.5); // of the diagonal: not too thin
      const turn = turned(stream.range(-0.2, 0.2));
      const width = shape.reach * Math.cos(angle);
      return { ...shape, turn, width, height: shape.reach * Math.sin(angle) };
    });
  return (x, y) => {
    let best = 0;
    for (const box of placed) {
      const [u, v] = box.turn(x - box.x, y - box.y);
      best = Math.max(best, edge(Math.min(box.width - Math.abs(u), box.height - Math.abs(v))));
    }
    return best;
  };
}

/** Wavy, more or less level bands. */
function waves(stream: RandomStream): Coverage {
  const turn = turned(stream.range(-0.2, 0.2));
  const period = stream.range(10, 17);
  const [length, height] = [stream.range(18, 30), stream.range(3.5, 6)];
  const [phaseX, phaseY] = [stream.range(0, length), stream.range(0, period)];
  return (x, y) => {
    const [u, v] = turn(x, y);
    return bands(v + phaseY + height * Math.sin((u + phaseX) * 2 * Math.PI / length), period);
  };
}

/** Soft blotches: smooth noise of four octaves. */
function clouds(stream: RandomStream): Coverage {
  const scale = stream.range(20, 34);
  const octaves = [1, 2, 4, 8].map((detail) => ({
    weight: 1 / detail,
    noise: smoothNoise(stream, scale / detail),
  }));
  return (x, y) => {
    let sum = 0;
    for (const { weight, noise } of octaves) sum += weight * noise(x, y);
    const value = Math.min(1, Math.max(0, 0.5 + 3.5 * (sum / 1.875 - 0.5)));
    return value * value * (3 - 2 * value);
  };
}

/** Noise in 0..1 that is smooth over `scale` pixels. */
function smoothNoise(stream: RandomStream, scale: number): Coverage {
  const cells = Math.ceil(REFERENCE_SIZE / scale) + 2;
  const values = Float64Array.from({ length: cells * cells }, () => stream.uniform());
  const [shiftX, shiftY] = [stream.uniform(), stream.uniform()];
  const ease = (t: number) => t * t * (3 - 2 * t);
  return (x, y) => {
    const [u, v] = [x / scale + shiftX, y / scale + shiftY];
    const [col, row] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [ease(u - col), ease(v - row)];
    const at = row * cells + col;
    const top = values[at] + (values[at + 1] - values[at]) * s;
    const below = at + cells;
    const bottom = values[below] + (values[below + 1] - values[below]) * s;
    return top + (bottom - top) * t;
  };
}

/** Coarse sand: one color or the other for every speck. */
function grain(stream: RandomStream): Coverage {
  const speck = stream.range(1.2, 2.4);
  const cells = Math.ceil(REFERENCE_SIZE / speck) + 1;
  const values = Float64Array.from({ length: cells * cells }, () => stream.int(2));
  return (x, y) => values[Math.floor(y / speck) * cells + Math.floor(x / speck)];
}
