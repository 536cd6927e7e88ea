import type { EvalHooks } from "../eval/evaluate_knn.ts";
import { type Channel, print } from "./command_line.ts";
import { DownloadLine } from "./download_line.ts";
import { ImageProgress } from "./image_progress.ts";

/** What is shown while features of images are computed, and before, where their model is fetched. */
export function evalProgress(output: Channel): Required<EvalHooks> & { finish(): void } {
  const images = new ImageProgress(output);
  const download = new DownloadLine(output);
  const finish = () => {
    download.finish();
    images.finish();
  };
  return {
    onImages: (done, total) => images.onImages(done, total),
    onDownload: (done, total) => download.update(done, total),
    onMessage(message) {
      finish();
      print(output, message);
    },
    finish,
  };
}
