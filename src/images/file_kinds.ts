/** File endings taken for images, in any case. */
export const IMAGE_EXTENSIONS = [
  "jpg",
  "jpeg",
  "png",
  "webp",
  "bmp",
  "gif",
  "tif",
  "tiff",
  "ppm",
  "pgm",
];

/** Whether a name is an image's. */
export function isImage(name: string): boolean {
  const dot = name.lastIndexOf(".");
  return dot >= 0 && IMAGE_EXTENSIONS.includes(name.slice(dot + 1).toLowerCase());
}

/** Whether a name is a shard's; compressed ones count, so that they can be refused by name. */
export function isShard(name: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(name);
}

/** Whether a file or folder is what macOS adds to archives and foreign disks: `._a.jpg` is no image. */
export function isMacExtra(name: string): boolean {
  return name === "__MACOSX" || name.startsWith("._");
}
