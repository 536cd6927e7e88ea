import { runProgram } from "./src/commands/program.ts";

if (import.meta.main) Deno.exit(await runProgram(Deno.args));
