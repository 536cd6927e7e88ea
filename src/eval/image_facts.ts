import { readImageHeader } from "../images/image_header.ts";
import { type ImageSet, readImageBytes } from "../images/image_set.ts";

/** What a page says of the file of an image: its size as it is looked at, and its class. */
export async function imageFacts(images: ImageSet, index: number): Promise<string[]> {
  const header = readImageHeader(await readImageBytes(images.location(index)));
  const isTurned = header.orientation > 4; // EXIF: a quarter to either side
  const [width, height] = isTurned ? [header.height, header.width] : [header.width, header.height];
  const label = folderOf(images.names[index]);
  return [`${width} x ${height} pixels`, ...label === "" ? [] : [`class ${label}`]];
}

/** The folder that an image lies in, which often is its class; empty beside all folders. */
export function folderOf(name: string): string {
  return name.split("/").slice(0, -1).join("/");
}
