import type { ImageProblem } from "../images/image_set.ts";
import type { Gallery } from "../report/gallery.ts";
import { galleryPage } from "../report/gallery_page.ts";
import { gallerySheet } from "../report/gallery_sheet.ts";
import { writePicture } from "./picture_file.ts";

/** What was drawn. */
export interface PictureReport {
  out: string;
  /** Images it shows. */
  images: number;
  skipped: ImageProblem[];
}

/**
 * Writes a gallery as a page or as a picture, whichever the name ends in.
 *
 * @throws {Error} If the system refuses.
 */
export async function writeGallery(out: string, gallery: Gallery): Promise<void> {
  const isPage = out.toLowerCase().endsWith(".html");
  const page = async () => new TextEncoder().encode(await galleryPage(gallery));
  await writePicture(out, isPage ? await page() : gallerySheet(gallery));
}
