/** `npm run scale`: writes docs/SCALE.md by the model, from what was counted. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../scripts/local/root.ts";
import { readWorkers } from "../scripts/local/workers.ts";
import { readMeasured } from "./model/measured.ts";
import { scaleText, shardsOf } from "./model/scale.ts";

await writeFile(join(root, "docs/SCALE.md"), scaleText(await readMeasured(), shardsOf(readWorkers(root).api)));
