// What features must beat: the same vote of neighbours over pixels as they are.
import { loadPlain } from "../../src/data/plain_loader.ts";
import { classLabels } from "../../src/eval/class_labels.ts";
import { knnClassify } from "../../src/eval/knn.ts";
import { leaveOneOut } from "../../src/eval/leave_one_out.ts";
import { nearest } from "../../src/eval/nearest.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { findImages } from "../../src/images/find_images.ts";
import { channelStatistics } from "../../src/config/view_channels.ts";

/** Folders with a folder for each class; without `test` each image of `train` is left out once. */
export interface LabelledFolders {
  train: string;
  test: string | null;
}

/** Share of images that are classified right by the pixels of their `k` nearest neighbours. */
export async function pixelAccuracy(
  { train, test }: LabelledFolders,
  { k, size }: { k: number; size: number },
): Promise<number> {
  const among = await readPixels(train, size);
  const queries = test === null ? among : await readPixels(test, size);
  const { classes, labels } = classLabels(among.images, "train");
  const truth = classLabels(queries.images, "test", classes).labels;
  using gpu = await Gpu.open();
  const others = test === null
    ? leaveOneOut(await nearest(gpu, queries.vectors, among.vectors, k + 1))
    : await nearest(gpu, queries.vectors, among.vectors, k);
  return knnClassify(others, labels, truth, { k, classes: classes.length }).top1;
}

async function readPixels(folder: string, size: number) {
  const images = await findImages(folder);
  const loader = loadPlain(images, {
    views: { image_size: [size, size], num_channels: 3, normalize: channelStatistics(3) },
    framing: "squash",
    batchSize: images.names.length,
    numWorkers: 1,
  });
  const { pixels, indices } = (await loader.next()).value!;
  await loader.return(undefined); // its thread ends
  if (indices.length < images.names.length) throw new Error(`Cannot read all images of ${folder}`);
  return { images, vectors: { values: pixels, width: 3 * size * size } };
}
