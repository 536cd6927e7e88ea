import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { openFile, readAt } from "../files/positioned_read.ts";
import { CheckpointError } from "../safetensors.ts";
import type { PublishedWeights } from "./published.ts";
import { ZipFile } from "./zip_file.ts";

/** Bytes that are read and hashed at once. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** What a file is held against. */
export type Expected = Pick<PublishedWeights, "sizeBytes" | "sha256">;

/**
 * What is wrong with a file of published weights, as "it must ..., got ..."; undefined if nothing.
 *
 * @throws {Error} If it cannot be read.
 */
export async function fileFault(path: string, expected: Expected): Promise<string | undefined> {
  const { size } = await stat(path);
  if (size !== expected.sizeBytes) return `it must have ${expected.sizeBytes} bytes, got ${size}`;
  const isArchive = await ZipFile.open(path).then(
    (zip) => zip[Symbol.asyncDispose]().then(() => true),
    (error) => error instanceof CheckpointError ? false : Promise.reject(error),
  );
  if (!isArchive) return "it must be a zip archive as torch.save() writes it, got something else";
  const sha256 = await hashOf(path);
  if (sha256 !== expected.sha256) return `its SHA-256 must be ${expected.sha256}, got ${sha256}`;
}

async function hashOf(path: string): Promise<string> {
  const file = await openFile(path);
  try {
    const hash = createHash("sha256");
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; at < file.sizeBytes;) {
      const length = await readAt(file, chunk, at);
      if (length === 0) break; // shorter than a moment ago: the hash says so
      hash.update(chunk.subarray(0, length));
      at += length;
    }
    return hash.digest("hex");
  } finally {
    await file.handle.close();
  }
}
