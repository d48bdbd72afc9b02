import module from "@ashlar/shared/delta.wasm";
import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import { DurableObject } from "cloudflare:workers";
import { createHash } from "node:crypto";
import type { Env } from "./env.ts";

export class Counter extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS counter(id INTEGER PRIMARY KEY, value INTEGER NOT NULL)");
  }

  add(): number {
    const sql = "INSERT INTO counter VALUES (1, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value";
    return this.ctx.storage.sql.exec<{ value: number }>(sql).one().value;
  }
}

/** Each path tries one binding, and answers what it found as JSON. */
const routes: Record<string, (env: Env) => Promise<unknown>> = {
  "/count": (env) => env.COUNTER.getByName("one").add(),
  "/runs": async (env) => (await env.DIRECTORY.prepare("SELECT cron FROM runs").all()).results,
  "/touch": async (env) => (await env.META_0.prepare("INSERT INTO nodes(name) VALUES ('x') RETURNING id").all()).results,
  "/log": async (env) => (await env.META_0.prepare("SELECT what FROM log").all()).results,
  "/put": async (env) => (await env.BLOCKS.put("b/1", "bytes"))?.size,
  "/get": async (env) => (await env.BLOCKS.get("b/1"))?.text() ?? null,
  "/limit": async (env) => (await env.LIMIT.limit({ key: "one" })).success,
  "/signature": () => Promise.resolve(createDeltaCodec(module).sign(new Uint8Array(1000)).length),
  "/secret": async (env) => createHash("sha256").update(env.TOKEN_KEY).digest("hex"),
};

export default {
  async fetch(request, env) {
    const route = routes[new URL(request.url).pathname];
    return route ? Response.json(await route(env)) : new Response("absent", { status: 404 });
  },
} satisfies ExportedHandler<Env>;
