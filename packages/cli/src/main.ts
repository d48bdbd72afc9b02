import { runProgram } from "./program.ts";
import { endWithReader, processWorld } from "./world.ts";

endWithReader(process.stdout);
endWithReader(process.stderr);
process.exitCode = await runProgram(process.argv.slice(2), processWorld());
