import type { Raster } from "../images/raster.ts";
import { drawImage, rgbImage } from "./canvas.ts";
import type { Gallery, GalleryRow } from "./gallery.ts";
import { type SheetRow, type SheetView, viewSheet } from "./view_sheet.ts";

/** Maps beside an image that are drawn in its size; of more, each is half as large. */
const LARGE_MAPS = 7;

/** How much of an image a map over it covers. */
const COVER = 0.65;

/** A gallery as one PNG file, a row for each image; of maps, the first lies over the image, too. */
export function gallerySheet(gallery: Gallery): Uint8Array<ArrayBuffer> {
  const { title, notes, imageTitle, legend, rows } = gallery;
  const titles = rows[0].pictures.map(({ title }) => title);
  const over = legend === undefined ? [] : [`${titles[0]}, over it`];
  return viewSheet(rows.map((row) => rowOf(row, gallery)), {
    title,
    notes,
    columns: [imageTitle, ...over, ...titles],
    legend,
  });
}

function rowOf({ name, label, image, pictures }: GalleryRow, { areMaps, legend }: Gallery) {
  const halved = pictures.length > LARGE_MAPS ? 2 : 1;
  const views = pictures.map(({ label, pixels }): SheetView => {
    const factor = Math.max(1, Math.floor(image.width / pixels.width / halved));
    return { label, pixels: areMaps ? enlarged(pixels, factor) : pixels };
  });
  if (legend !== undefined) {
    views.unshift({ label: "", pixels: laidOver(pictures[0].pixels, image) });
  }
  return { name, note: label, source: image, views } satisfies SheetRow;
}

/** Each pixel as a square of `factor` pixels. */
function enlarged(image: Raster, factor: number): Raster {
  const [width, height] = [image.width * factor, image.height * factor];
  const out = { width, height, channels: 3, pixels: new Uint8Array(width * height * 3) };
  drawImage(out, image, 0, 0, factor);
  return out;
}

/** A map over the grey of its image. */
function laidOver(map: Raster, image: Raster): Raster {
  const colors = enlarged(map, image.width / map.width);
  const photo = rgbImage(image);
  colors.pixels.forEach((color, i) => {
    const first = i - i % 3;
    const gray = (photo.pixels[first] + photo.pixels[first + 1] + photo.pixels[first + 2]) / 3;
    colors.pixels[i] = Math.round(COVER * color + (1 - COVER) * gray);
  });
  return colors;
}
