import type { Raster } from "../images/raster.ts";

/** A picture that belongs to an image. */
export interface GalleryPicture {
  /** What it is, such as "head 3"; pictures of one place have the same in every row. */
  title: string;
  /** What is written below it where there is little room. */
  label: string;
  /** What is written below it where there is room, a line each. */
  facts: string[];
  /** A map of the image has a pixel for each patch. */
  pixels: Raster;
}

/** An image, and what belongs to it. */
export interface GalleryRow {
  /** Of its file. */
  name: string;
  label: string;
  facts: string[];
  image: Raster;
  pictures: GalleryPicture[];
}

/** Images with pictures beside them, as many in every row: what a sheet or a page shows. */
export interface Gallery {
  title: string;
  /** A paragraph each. */
  notes: string[];
  /** What the image of a row is called, above or below it. */
  imageTitle: string;
  /** Whether pictures are maps of the image, to be laid over it. */
  areMaps: boolean;
  /** What the colors of maps stand for. */
  legend?: GalleryLegend;
  rows: GalleryRow[];
}

export interface GalleryLegend {
  /** One pixel high. */
  ramp: Raster;
  least: string;
  most: string;
}
