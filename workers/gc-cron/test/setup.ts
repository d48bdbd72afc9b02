import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

const { directory, meta, blocks } = env.TEST_MIGRATIONS;
await applyD1Migrations(env.DIRECTORY, directory);
for (const db of [env.META_0, env.META_1, env.META_2, env.META_3]) await applyD1Migrations(db, meta);
for (const db of [env.INDEX_0, env.INDEX_1]) await applyD1Migrations(db, blocks);
