import type { EvalHooks } from "../eval/eval_hooks.ts";
import { type Channel, print } from "./command_line.ts";
import { DownloadLine } from "./download_line.ts";
import { ImageProgress } from "./image_progress.ts";

/** What is shown while features of images are computed, and before, where their model is fetched. */
export function evalProgress(output: Channel): Required<EvalHooks> & { finish(): void } {
  const images = new ImageProgress(output);
  const fits = new ImageProgress(output, "fit");
  const download = new DownloadLine(output);
  const finish = () => {
    download.finish();
    images.finish();
    fits.finish();
  };
  return {
    onImages: (done, total) => images.onImages(done, total),
    onFits(done, total) {
      images.finish();
      fits.onImages(done, total);
    },
    onDownload: (done, total) => download.update(done, total),
    onMessage(message) {
      finish();
      print(output, message);
    },
    finish,
  };
}
