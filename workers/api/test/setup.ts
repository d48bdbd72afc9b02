import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { indexShards, metaShards } from "../src/env.ts";

const { directory, meta, blocks } = env.TEST_MIGRATIONS;
await applyD1Migrations(env.DIRECTORY, directory);
for (const shard of metaShards(env)) await applyD1Migrations(shard, meta);
for (const shard of indexShards(env)) await applyD1Migrations(shard, blocks);
