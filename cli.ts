import { golden } from "./src/commands/golden.ts";
import { plan } from "./src/commands/plan.ts";
import { runProgram } from "./src/commands/program.ts";
import { train } from "./src/commands/train.ts";

if (import.meta.main) Deno.exit(await runProgram({ train, plan, golden }, Deno.args));
