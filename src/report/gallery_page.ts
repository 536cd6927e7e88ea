import { Buffer } from "node:buffer";
import { encodeJpeg, encodePng } from "../images/encode.ts";
import type { Raster } from "../images/raster.ts";
import { rgbImage } from "./canvas.ts";
import type { Gallery, GalleryPicture, GalleryRow } from "./gallery.ts";
import css from "./gallery_page.css" with { type: "text" };
import js from "./gallery_page.js" with { type: "text" };
import { Html, html, type HtmlValue } from "./html.ts";

/** Of the JPEGs of photos, 1 to 100. */
const QUALITY = 90;

/** Nothing is loaded, from anywhere. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
  "script-src 'unsafe-inline'";

/**
 * One HTML page that holds all it shows: images as data URIs, its style and its script. It reads on
 * a telephone, in the dark, with the keyboard, and without the script.
 */
export async function galleryPage(gallery: Gallery): Promise<string> {
  const rows: Html[] = [];
  for (const [index, row] of gallery.rows.entries()) rows.push(await section(row, gallery, index));
  const { title, notes } = gallery;
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${POLICY}">
        <title>${title}</title>
        ${style}
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          ${notes.map((note) => html`<p>${note}</p>`)} ${legend(gallery)}
        </header>
        ${controls(gallery)}
        <main>${rows}</main>
        ${ENLARGED} ${script}
      </body>
    </html>
  `.text.trimStart();
}

const style = new Html(`<style>\n${css}</style>`);
const script = new Html(`<script>\n${js}</script>`);

/** What the script shows one picture in. */
const ENLARGED = html`
  <dialog aria-labelledby="enlarged">
    <form method="dialog">
      <h2 id="enlarged"></h2>
      <button type="button" class="before" aria-label="Picture before">←</button>
      <button type="button" class="after" aria-label="Next picture">→</button>
      <button>Close</button>
    </form>
    <figure></figure>
  </dialog>
`;

function legend({ legend }: Gallery): HtmlValue {
  if (legend === undefined) return "";
  const { least, most, ramp } = legend;
  return html`<p class="legend">${least} <img src="${pngUri(ramp)}" alt="to"> ${most}</p>\n`;
}

/** Hidden until the script that they need is there. */
function controls({ areMaps, imageTitle, rows }: Gallery): Html {
  const titles = [imageTitle, ...rows[0].pictures.map(({ title }) => title)];
  const cover = slider("Maps over images", "cover", { min: 0, max: 1, step: 0.05, value: 0.75 });
  const choice = html`
    <label>
      Show <select>
        <option value="">all</option>
        ${titles.map((title) => html`<option>${title}</option>`)}
      </select>
    </label>
  `;
  return html`
    <form class="controls" hidden autocomplete="off">
      ${slider("Size", "size", { min: 80, max: 480, step: 8, value: 160, unit: "px" })} ${areMaps
        ? cover
        : ""} ${areMaps && titles.length > 2 ? choice : ""}
    </form>
  `;
}

/** @param name Of the property of the style that it sets. */
function slider(
  label: string,
  name: string,
  range: { min: number; max: number; step: number; value: number; unit?: string },
): Html {
  const { min, max, step, value, unit = "" } = range;
  return html`
    <label>
      ${label} <input
        type="range"
        name="${name}"
        min="${min}"
        max="${max}"
        step="${step}"
        value="${value}"
        data-unit="${unit}"
      >
    </label>
  `;
}

async function section(row: GalleryRow, { imageTitle, areMaps }: Gallery, index: number) {
  const { width, height } = row.image;
  const photo = await photoUri(row.image);
  const own = { title: imageTitle, facts: row.facts, pixels: row.image };
  const figures = [figure(own, row.name, html`<img class="photo" src="${photo}" alt="">`, false)];
  for (const picture of row.pictures) {
    const { pixels } = picture;
    const image = areMaps
      ? html`<img src="${pngUri(pixels)}" alt="">`
      : html`<img class="photo" src="${await photoUri(pixels)}" alt="">`;
    figures.push(figure(picture, row.name, image, areMaps));
  }
  // Maps lie over the photo, which is in the page once more for all of them.
  const shared = areMaps ? `--photo: url(${photo}); ` : "";
  return html`
    <section aria-labelledby="row-${index}" style="${shared}--aspect: ${width / height}">
      <h2 id="row-${index}">${row.name}</h2>
      <ul class="pictures">${figures}</ul>
    </section>
  `;
}

function figure(
  { title, facts }: Pick<GalleryPicture, "title" | "facts">,
  name: string,
  image: Html,
  isOver: boolean,
): Html {
  const kind = isOver ? "picture over" : "picture";
  const lines = facts.map((fact) => html`<span>${fact}</span>`);
  return html`
    <li data-title="${title}">
      <figure>
        <button type="button" class="${kind}" aria-label="Enlarge ${title} of ${name}">
          ${image}
        </button>
        <figcaption><strong>${title}</strong> ${lines}</figcaption>
      </figure>
    </li>
  `;
}

function pngUri(image: Raster): string {
  return `data:image/png;base64,${Buffer.from(encodePng(rgbImage(image))).toString("base64")}`;
}

/** A JPEG, which takes a fifth of the room; a PNG where there is no encoder. */
async function photoUri(image: Raster): Promise<string> {
  try {
    const jpeg = await encodeJpeg(rgbImage(image), QUALITY);
    return `data:image/jpeg;base64,${Buffer.from(jpeg).toString("base64")}`;
  } catch {
    return pngUri(image);
  }
}
