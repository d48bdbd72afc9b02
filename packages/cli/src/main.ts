import { runProgram } from "./program.ts";
import { processWorld } from "./world.ts";

process.exitCode = await runProgram(process.argv.slice(2), processWorld());
