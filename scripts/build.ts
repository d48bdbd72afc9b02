/** `npm run build`: the Workers' bundles and the web app, in `dist/`. */
import { relative } from "node:path";
import { buildWorkers } from "./local/bundle.ts";
import { runScript } from "./local/failure.ts";
import { root } from "./local/root.ts";
import { buildWeb } from "./local/web.ts";

await runScript(async () => {
  for (const { file, bytes, changed } of await buildWorkers(root))
    console.log(`${relative(root, file)}  ${Math.ceil(bytes / 1024)} KiB${changed ? "" : " (unchanged)"}`);
  const { folder, built } = await buildWeb(root);
  console.log(`${relative(root, folder)}${built ? "" : "  (unchanged)"}`);
});
