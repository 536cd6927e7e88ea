import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { matmul } from "../ops/matmul.ts";
import { MAX_TOP_K, mergeTopK, type TopK } from "../ops/top_k.ts";

/** Queries, and vectors to compare them with, at once: their similarities take 16 MiB. */
const QUERIES = 256;
const CANDIDATES = 16_384;

/** Most queries that are on the GPU while all vectors pass by. */
const RESIDENT_QUERIES = 16_384;

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

/** What finds the best among similarities, which the GPU computes in any case. */
export type Selection = "gpu" | "processor";

/**
 * The `k` vectors of the greatest cosine similarity for each query, exactly; of equal ones the
 * first.
 *
 * @param options `selection` is "gpu" if left out, where the adapter is a real one and its lists are
 * long enough for `k`: then only neighbours come back. A software adapter sorts more slowly than the
 * processor that it runs on does by itself.
 * @throws {GpuError} If a chunk does not fit the adapter.
 */
export async function nearest(
  gpu: Gpu,
  queries: Vectors,
  vectors: Vectors,
  k: number,
  { selection }: { selection?: Selection } = {},
): Promise<Neighbours> {
  const [from, among] = [normalizedRows(queries), normalizedRows(vectors)];
  const count = rowsOf(from);
  const kept = Math.min(k, rowsOf(among));
  const found = {
    k: kept,
    indices: new Uint32Array(count * kept),
    similarities: new Float32Array(count * kept).fill(-Infinity),
  };
  const mayBeGpu = kept >= 1 && kept <= MAX_TOP_K;
  const used = selection ?? (gpu.adapter.software ? "processor" : "gpu");
  const isOnGpu = mayBeGpu && used === "gpu";
  const step = isOnGpu ? residentQueries(gpu, from.width) : QUERIES;
  for (let first = 0; first < count; first += step) {
    const part = slice(from, first, step);
    const best = { ...found, first: first * kept };
    await (isOnGpu ? searchOnGpu(gpu, part, among, best) : searchChunks(gpu, part, among, best));
  }
  return found;
}

/** As many queries as may be bound at once, in whole blocks. */
function residentQueries({ adapter }: Gpu, width: number): number {
  const fitting = adapter.maxBindingBytes / (4 * width);
  return Math.max(QUERIES, QUERIES * Math.floor(Math.min(RESIDENT_QUERIES, fitting) / QUERIES));
}

/** Vectors that are compared at once. */
function chunkRows({ adapter }: Gpu, { width }: Vectors): number {
  return Math.min(CANDIDATES, Math.floor(adapter.maxBindingBytes / (4 * width)));
}

/** Vectors go to the GPU once, past all of these queries, whose lists stay there until the end. */
async function searchOnGpu(
  gpu: Gpu,
  queries: Vectors,
  among: Vectors,
  { first, k, indices, similarities }: Neighbours & { first: number },
): Promise<void> {
  const [count, width] = [rowsOf(queries), queries.width];
  const rows = Math.min(chunkRows(gpu, queries), rowsOf(among));
  const a = gpu.upload([count, width], queries.values, "queries");
  const lists: TopK = {
    values: gpu.empty([count, k], "similarities of neighbours"),
    indices: gpu.empty([count, k], "neighbours", "u32"),
  };
  const product = gpu.empty([Math.min(QUERIES, count), rows], "similarities");
  for (let start = 0; start < rowsOf(among); start += rows) {
    const chunk = slice(among, start, rows);
    const b = gpu.upload([rowsOf(chunk), width], chunk.values, "vectors");
    for (let block = 0; block < count; block += QUERIES) {
      const blockOf = (tensor: Tensor) => rowsFrom(tensor, block, Math.min(QUERIES, count - block));
      const into = { ...product, shape: [blockOf(a).shape[0], rowsOf(chunk)] };
      matmul(gpu, blockOf(a), b, { transposeB: true, into });
      const best = { values: blockOf(lists.values), indices: blockOf(lists.indices) };
      mergeTopK(gpu, into, best, start);
    }
    await gpu.finish(); // a queue of all chunks would hold all of them
    gpu.free(b);
  }
  similarities.set(await gpu.download(lists.values), first);
  indices.set(new Uint32Array(await gpu.downloadBytes(lists.indices)), first);
  for (const tensor of [a, product, lists.values, lists.indices]) gpu.free(tensor);
}

/** Some rows of a matrix, where they are; 256 rows of words begin where a binding may. */
function rowsFrom(tensor: Tensor, first: number, rows: number): Tensor {
  const [, width] = tensor.shape;
  const offsetBytes = tensor.offsetBytes + 4 * first * width;
  return { ...tensor, shape: [rows, width], offsetBytes };
}

/** The processor keeps the best of each chunk. */
async function searchChunks(
  gpu: Gpu,
  queries: Vectors,
  among: Vectors,
  best: Neighbours & { first: number },
): Promise<void> {
  const { width } = queries;
  const a = gpu.upload([rowsOf(queries), width], queries.values, "queries");
  const rows = chunkRows(gpu, queries);
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
