/** The decoder in workerd. Its clock stands still while it computes, so that one run is the difference between many and none. */
import { request } from "node:http";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { root } from "../../scripts/local/root.ts";
import { collectWasm, type WasmModule } from "../../scripts/local/wasm-modules.ts";

const worker = `
import module from "@ashlar/shared/delta.wasm";
import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import { createHash } from "node:crypto";
let codec, frame, old;
export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/frame") frame = new Uint8Array(await request.arrayBuffer());
    else if (url.pathname === "/old") old = new Uint8Array(await request.arrayBuffer());
    else {
      let digest = "";
      codec ??= createDeltaCodec(module);
      for (let left = Number(url.searchParams.get("times")); left > 0; left--)
        digest = createHash("sha256").update(codec.decode(frame, [old])).digest("hex");
      return new Response(digest);
    }
    return new Response("");
  },
};`;

export type WorkerdDecoder = AsyncDisposable & {
  /** Milliseconds of one decoding with SHA-256 of what it made: the median of some. */
  measure(frame: Uint8Array, old: Uint8Array): Promise<number>;
};

export async function openWorkerd(): Promise<WorkerdDecoder> {
  const modules: WasmModule[] = [];
  const { outputFiles } = await build({
    stdin: { contents: worker, resolveDir: `${root}/bench`, loader: "js" },
    bundle: true,
    write: false,
    format: "esm",
    external: ["node:*"],
    conditions: ["workerd"],
    plugins: [collectWasm(modules)],
  });
  const miniflare = new Miniflare({
    port: 0,
    telemetry: { enabled: false },
    workers: [
      {
        config: {
          name: "delta",
          compatibilityDate: "2026-10-01",
          compatibilityFlags: ["nodejs_compat"],
          manifest: {
            mainModule: "index.js",
            modules: {
              "index.js": { type: "esm", contents: outputFiles[0]?.text ?? "" },
              ...Object.fromEntries(modules.map(({ name, contents }) => [name, { type: "wasm" as const, contents }])),
            },
          },
        },
      },
    ],
  });
  const url = await miniflare.ready;
  const send = (path: string, body: Uint8Array = new Uint8Array()) => post(new URL(path, url), body);
  const timed = async (times: number) => {
    const startedMs = performance.now();
    await send(`/decode?times=${times}`);
    return performance.now() - startedMs;
  };
  return {
    async measure(frame, old) {
      await send("/frame", frame);
      await send("/old", old);
      await timed(3);
      const rounds: number[] = [];
      for (let round = 0; round < 5; round++) rounds.push(((await timed(6)) - (await timed(1))) / 5);
      return median(rounds);
    },
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}

/** On a connection of its own: a kept one may have been closed while a peer held up the event loop. */
function post(url: URL, body: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", agent: false }, (answer) => {
      let said = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (said += chunk));
      answer.on("end", () => resolve(said));
    });
    call.on("error", reject);
    call.end(body);
  });
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
