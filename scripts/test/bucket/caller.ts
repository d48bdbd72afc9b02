/** A bucket in a workerd of its own, called through a Worker: Miniflare's, or ours. */
import { join } from "node:path";
import { build } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";
import { bucketBinding } from "../../local/bucket/binding.ts";
import { bundleBucket } from "../../local/bundle.ts";
import type { Answer, Call } from "./calls.ts";

export type Whose = "Miniflare's" | "ours";

export type Caller = AsyncDisposable & { call(calls: readonly Call[]): Promise<Answer[]> };

/** @param storage the folder, as `npm start` gives one to Miniflare. */
export async function startCaller(whose: Whose, storage: string): Promise<Caller> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../stand-in/bucket-caller.ts")],
    write: false,
    bundle: true,
    format: "esm",
    target: "es2024",
  });
  const contents = outputFiles[0]?.text ?? "";
  const bucket = whose === "ours" ? bucketBinding("blocks", await bundleBucket()) : ({ type: "r2", name: "blocks" } as const);
  const miniflare = new Miniflare({
    // What a refused call says is in its answer.
    log: new Log(LogLevel.NONE),
    cf: false,
    telemetry: { enabled: false },
    resourcePersistencePath: storage,
    workers: [
      {
        config: {
          name: "caller",
          compatibilityDate: "2026-08-01",
          manifest: { mainModule: "index.js", modules: { "index.js": { type: "esm", contents } } },
          env: { BUCKET: bucket },
        },
      },
    ],
  });
  await miniflare.ready;
  return {
    async call(calls) {
      const response = await miniflare.dispatchFetch("http://caller/", { method: "POST", body: JSON.stringify(calls) });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as Answer[];
    },
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}
