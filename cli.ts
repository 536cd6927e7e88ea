import { checkData } from "./src/commands/check_data.ts";
import { golden } from "./src/commands/golden.ts";
import { plan } from "./src/commands/plan.ts";
import { preview } from "./src/commands/preview.ts";
import { runProgram } from "./src/commands/program.ts";
import { train } from "./src/commands/train.ts";

if (import.meta.main) {
  Deno.exit(await runProgram({ train, plan, preview, checkData, golden }, Deno.args));
}
