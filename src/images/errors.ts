/** The image folder, or what is in it, cannot be used; the message says what to do. */
export class DataError extends Error {
  override name = "DataError";
}
