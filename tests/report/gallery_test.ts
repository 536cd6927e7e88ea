import { deepEqual, equal, ok } from "node:assert/strict";
import { decodeImage } from "../../src/images/decode.ts";
import type { Raster } from "../../src/images/raster.ts";
import { heatMap, rampImage } from "../../src/report/color_ramp.ts";
import type { Gallery, GalleryRow } from "../../src/report/gallery.ts";
import { galleryPage } from "../../src/report/gallery_page.ts";
import { gallerySheet } from "../../src/report/gallery_sheet.ts";

const EVIL = `a/<img src=x onerror=alert(1)>"'&.png`;

function flat(width: number, height: number, level: number, channels = 3): Raster {
  const pixels = new Uint8Array(width * height * channels).fill(level);
  return { width, height, channels, pixels };
}

function rowOf(name: string, pictures: number, image = flat(32, 16, 200)): GalleryRow {
  return {
    name,
    label: "",
    facts: ["32 x 16 pixels", "class <a>"],
    image,
    pictures: Array.from({ length: pictures }, (_, i) => ({
      title: `head ${i + 1}`,
      label: "most",
      facts: ["most 5 %"],
      pixels: heatMap([0, 1], [1, 2], 1),
    })),
  };
}

function mapsOf(pictures: number, name = EVIL): Gallery {
  return {
    title: "A <title>",
    notes: ["a note & more"],
    imageTitle: "image",
    areMaps: true,
    legend: { ramp: rampImage(), least: "none", most: "most" },
    rows: [rowOf(name, pictures), rowOf("b.png", pictures, flat(32, 16, 90, 1))],
  };
}

/** The images in a page. */
function uris(page: string): string[] {
  return [...page.matchAll(/data:image\/\w+;base64,([\w+/=]+)/g)].map(([, base64]) => base64);
}

Deno.test("a page holds all it shows and names nothing outside", async () => {
  const page = await galleryPage(mapsOf(2));
  ok(page.startsWith("<!DOCTYPE html>"));
  equal(/https?:|<link|@import|\bsrc="(?!data:)|url\((?!data:)/.test(page), false);
  ok(page.includes("default-src &#39;none&#39;; img-src data:;"));
  for (const part of ["<title>A &lt;title&gt;</title>", "<p>a note &amp; more</p>"]) {
    ok(page.includes(part), part);
  }
  // The legend; of each row its image, that under its maps, and two maps.
  const images = uris(page);
  equal(images.length, 1 + 2 * 4);
  for (const base64 of images) await decodeImage(Uint8Array.fromBase64(base64));
  const map = await decodeImage(Uint8Array.fromBase64(images[4]));
  deepEqual([map.width, map.height], [2, 1], "a pixel for each patch");
});

Deno.test("a page escapes the names of files, wherever it has them", async () => {
  const page = await galleryPage(mapsOf(1));
  equal(page.includes("<img src=x"), false);
  const escaped = "a/&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;.png";
  ok(page.includes(`<h2 id="row-0">${escaped}</h2>`));
  ok(page.includes(`aria-label="Enlarge head 1 of ${escaped}"`));
  ok(page.includes("<span>class &lt;a&gt;</span>"));
});

Deno.test("a page has the controls that are of use", async () => {
  const has = async (gallery: Gallery) => {
    const page = await galleryPage(gallery);
    return ['name="size"', 'name="cover"', "<select>"].map((part) => page.includes(part));
  };
  deepEqual(await has(mapsOf(2)), [true, true, true]);
  deepEqual(await has(mapsOf(1)), [true, true, false]);
  const photos = await has({ ...mapsOf(2), areMaps: false, legend: undefined });
  deepEqual(photos, [true, false, false]);
});

Deno.test("a sheet shows maps as large as their image, and the first one over it", async () => {
  const sheet = await decodeImage(gallerySheet(mapsOf(2)));
  // Four columns of 32 pixels, each 7 times as large, with gaps of 12 and margins of 32.
  equal(sheet.width, 2 * 32 + 4 * 224 + 3 * 12);
  const many = await decodeImage(gallerySheet(mapsOf(9)));
  equal(many.width, 2 * 32 + 2 * 224 + 9 * 112 + 10 * 12, "half as large where there are many");
  const photos = { ...mapsOf(2), areMaps: false, legend: undefined };
  equal((await decodeImage(gallerySheet(photos))).width, 2 * 32 + 3 * 224 + 2 * 12);
});
