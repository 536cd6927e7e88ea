import type { Gpu } from "../gpu/gpu.ts";
import { matmul } from "../ops/matmul.ts";

/** Queries, and vectors to compare them with, at once: their similarities take 16 MiB. */
const QUERIES = 256;
const CANDIDATES = 16_384;

/** Rows of vectors, `[rows, width]`. */
export interface Vectors {
  values: Float32Array<ArrayBuffer>;
  width: number;
}

/** The nearest of some vectors for each query, the nearest first: `[queries, k]`. */
export interface Neighbours {
  k: number;
  indices: Uint32Array;
  similarities: Float32Array;
}

/** The number of rows. */
export function rowsOf({ values, width }: Vectors): number {
  return values.length / width;
}

/** Rows of length 1; a row of zeros stays as it is. */
export function normalizedRows({ values, width }: Vectors): Vectors {
  const out = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += values[i] ** 2;
    const scale = sum === 0 ? 0 : 1 / Math.sqrt(sum);
    for (let i = start; i < start + width; i++) out[i] = values[i] * scale;
  }
  return { values: out, width };
}

/**
 * The `k` vectors of the greatest cosine similarity for each query, exactly; of equal ones the
 * first. The GPU multiplies, chunk by chunk; the processor keeps the best of each chunk.
 *
 * @param onQueries Told how many queries are done.
 * @throws {GpuError} If a chunk does not fit the adapter.
 */
export async function nearest(
  gpu: Gpu,
  queries: Vectors,
  vectors: Vectors,
  k: number,
  onQueries: (done: number) => void = () => {},
): Promise<Neighbours> {
  const [from, among] = [normalizedRows(queries), normalizedRows(vectors)];
  const count = rowsOf(from);
  const found = { k: Math.min(k, rowsOf(among)) };
  const indices = new Uint32Array(count * found.k);
  const similarities = new Float32Array(count * found.k).fill(-Infinity);
  for (let first = 0; first < count; first += QUERIES) {
    const rows = Math.min(QUERIES, count - first);
    const part = { first: first * found.k, k: found.k, indices, similarities };
    await searchChunks(gpu, slice(from, first, rows), among, part);
    onQueries(first + rows);
  }
  return { k: found.k, indices, similarities };
}

async function searchChunks(
  gpu: Gpu,
  queries: Vectors,
  among: Vectors,
  best: Neighbours & { first: number },
): Promise<void> {
  const { width } = queries;
  const a = gpu.upload([rowsOf(queries), width], queries.values, "queries");
  const rows = Math.min(CANDIDATES, Math.floor(gpu.adapter.maxBindingBytes / (4 * width)));
  for (let start = 0; start < rowsOf(among); start += rows) {
    const chunk = slice(among, start, rows);
    const b = gpu.upload([rowsOf(chunk), width], chunk.values, "vectors");
    const product = matmul(gpu, a, b, { transposeB: true, label: "similarities" });
    keepBest(await gpu.download(product), rowsOf(chunk), start, best);
    gpu.free(product);
    gpu.free(b);
  }
  gpu.free(a);
}

/** Sorts what is nearer than the farthest kept into the lists of the queries. */
function keepBest(
  product: Float32Array,
  columns: number,
  start: number,
  { first, k, indices, similarities }: Neighbours & { first: number },
): void {
  for (let row = 0; row * columns < product.length; row++) {
    const begin = first + row * k;
    const last = begin + k - 1;
    for (let column = 0; column < columns; column++) {
      const similarity = product[row * columns + column];
      if (!(similarity > similarities[last])) continue;
      let at = last;
      for (; at > begin && similarity > similarities[at - 1]; at--) {
        similarities[at] = similarities[at - 1];
        indices[at] = indices[at - 1];
      }
      similarities[at] = similarity;
      indices[at] = start + column;
    }
  }
}

function slice({ values, width }: Vectors, first: number, rows: number): Vectors {
  return { values: values.subarray(first * width, (first + rows) * width), width };
}
