/** The collector on a timer. What it does and why is in packages/server/src/collect. */
import { boundedUnzstd } from "@ashlar/server/blocks/bounded-unzstd";
import { collect } from "@ashlar/server/collect/collect";
import type { RunKind } from "@ashlar/server/collect/runs";
import { createHash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import type { Env } from "./env.ts";

/** The local server asks for other runs by a name in place of the cron; the platform only ever sends those of wrangler.toml. */
const kinds: Readonly<Record<string, RunKind>> = { plan: "plan", check: "check" };

export default {
  async scheduled({ cron, scheduledTime }, env) {
    await collect(
      {
        directory: env.DIRECTORY,
        metaShards: [env.META_0, env.META_1, env.META_2, env.META_3],
        indexShards: [env.INDEX_0, env.INDEX_1],
        bucket: env.BLOCKS,
        tend: (call) => env.USER_SYNC.getByName(call.user).tend(call),
        clock: Date,
        random: (count) => crypto.getRandomValues(new Uint8Array(count)),
        sha256: (bytes) => createHash("sha256").update(bytes).digest(),
        unzstd: boundedUnzstd((frame, maxOutputLength) => zstdDecompressSync(frame, { maxOutputLength })),
        report: (message, cause) => console.error(message, cause),
        log: (line) => console.log(line),
      },
      { kind: kinds[cron] ?? "collect", now: scheduledTime },
    );
  },
} satisfies ExportedHandler<Env>;
