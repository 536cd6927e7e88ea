import type { Command } from "../deps/commander.ts";
import { ExportOptions } from "../weights/export_options.ts";
import { type ExportReport, exportWeights } from "../weights/export_weights.ts";
import { type CommandContext, examples, printFound } from "./command_line.ts";
import { DownloadLine } from "./download_line.ts";
import { evalProgress } from "./eval_progress.ts";
import { describeOptions, readOptions } from "./option_arguments.ts";

/** Bytes of weights from which on their writing takes long enough to be shown. */
const LARGE_BYTES = 500e6;

/** Adds `export` to the program; `run` is what it does. */
export function addExport(program: Command, context: CommandContext, run = exportWeights): void {
  const command = program.command("export")
    .description("write a backbone for PyTorch, transformers, timm or ONNX")
    .argument("[options...]", "options as key=value")
    .option("--json", "print as JSON what was written")
    .addHelpText("after", EXPORT_HELP)
    .action(async (args, { json }) => {
      const { onDownload, onMessage, finish } = evalProgress(context.err);
      const find = { onProgress: onDownload, onMessage };
      const written = new DownloadLine(context.err);
      const onBytes = (done: number, total: number) => {
        if (total >= LARGE_BYTES) written.update(done, total);
      };
      const report = await run(readOptions(ExportOptions, args), { find, onBytes }).finally(() => {
        finish();
        written.finish();
      });
      printFound(context, report, json, describeExport);
    });
  describeOptions(command, ExportOptions);
}

const EXPORT_HELP = examples(
  "export checkpoint=out/first format=hf out=out/first_hf",
  "export checkpoint=out/first format=torch_state_dict out=backbone.pth which=student",
  "export checkpoint=out/first format=onnx out=first.onnx image_size=224",
  "export checkpoint=dinov2/vits14 format=onnx out=vits14.onnx part=embedding_model batch_size=8",
) + "\n";

function describeExport({ files, tensors, parameters }: ExportReport): string {
  return [...files, `${tensors} tensors, ${parameters} parameters`].join("\n");
}
