import { randomBytes } from "@ashlar/durable-objects/crypto";
import { readRewind } from "@ashlar/server/history/rewind";
import type { Database, Statement } from "@ashlar/server/ports";
import { planRewind } from "@ashlar/shared/history/rewind-plan";
import { RewindFacts } from "@ashlar/shared/history/rewind-facts";
import { newId, type NodeId, type OpId, rootId } from "@ashlar/shared/ids";
import { historyMs, queryPathCharsMax, trashFoldersMax } from "@ashlar/shared/limits";
import type { Op } from "@ashlar/shared/protocol/commit";
import {
  foundSchema,
  logSchema,
  type RewindPage,
  rewindSchema,
  trashBelowSchema,
  trashSchema,
  versionsSchema,
} from "@ashlar/shared/protocol/history";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { metaShard } from "../src/env.ts";
import { expectProblem, newDevice, send, type Signed } from "./support.ts";

const newNode = () => newId<NodeId>(randomBytes);
const newOp = () => newId<OpId>(randomBytes);
const file = (node: NodeId, parent: NodeId, name: string): Op => ({
  op: "create",
  opId: newOp(),
  node,
  parent,
  name,
  kind: "file",
  manifest: "",
  size: 0,
  mtimeMs: 7,
  mode: 0o600,
});

async function commit(as: Signed, ...ops: Op[]) {
  const answer = await env.USER_SYNC.getByName(as.user).commit({ ...as, ops, packs: [], pushInline: [] });
  if (!answer.ok) throw new Error(answer.detail);
  return answer.response;
}

const ask = (as: Signed, path: string) => send("GET", path, { as });
const json = async (response: Response): Promise<unknown> => {
  expect(response.status).toBe(200);
  return response.json();
};

test("V17 the routes of history answer what their schemas say, to the user alone", async () => {
  const user = await newDevice(2);
  const stranger = await newDevice(2);
  await env.DIRECTORY.prepare(
    `INSERT INTO devices (user_id, device_id, name, created_at, last_seen_at, family_hash, current_hash, rotated_at, expires_at)
     VALUES (?, ?, 'desk', 1, 1, 'f', 'c', 1, 1)`,
  )
    .bind(user.user, user.device)
    .run();
  const [folder, one] = [newNode(), newNode()];
  await commit(user, { op: "mkdir", opId: newOp(), node: folder, parent: rootId, name: "d", mode: 0o755 }, file(one, folder, "a b"));
  const before = Date.now();
  while (Date.now() <= before) await scheduler.wait(1);
  await commit(user, { op: "delete", opId: newOp(), node: one, baseRev: 1 }, { op: "delete", opId: newOp(), node: folder, baseRev: 1 });

  const found = foundSchema.parse(await json(await ask(user, "/v1/find?path=d%2Fa%20b")));
  expect(found.chain.map(({ node }) => node)).toEqual([folder, one]);
  const { versions } = versionsSchema.parse(await json(await ask(user, `/v1/files/${one}/versions`)));
  expect(versions).toMatchObject([{ version: 1, deviceName: "desk" }]);
  const trash = trashSchema.parse(await json(await ask(user, "/v1/trash")));
  expect(trash.items).toMatchObject([{ node: folder, path: "d", deviceName: "desk" }]);
  const below = trashBelowSchema.parse(await json(await ask(user, `/v1/trash/below?folders=${folder}`)));
  expect(below.folders[0]?.children).toMatchObject([{ node: one }]);
  const log = logSchema.parse(await json(await ask(user, `/v1/log?from=0&path=d&after=2`)));
  expect(log.entries).toMatchObject([
    { seq: 3, type: "delete", deviceName: "desk" },
    { seq: 4, type: "delete" },
  ]);
  const facts = new RewindFacts();
  facts.add(rewindSchema.parse(await json(await ask(user, `/v1/rewind?to=${before}`))));
  expect(planRewind(facts, { scope: rootId, date: "2026-11-22" }).counts).toMatchObject({ restored: 2, removed: 0 });

  expect(trashSchema.parse(await json(await ask(stranger, "/v1/trash"))).items).toEqual([]);
  expect(rewindSchema.parse(await json(await ask(stranger, `/v1/rewind?to=${before}`))).items).toEqual([]);
  expect(logSchema.parse(await json(await ask(stranger, "/v1/log?from=0"))).entries).toEqual([]);
  expect(trashBelowSchema.parse(await json(await ask(stranger, `/v1/trash/below?folders=${folder}`))).folders[0]?.children).toEqual([]);
  await expectProblem(await ask(stranger, "/v1/find?path=d"), "not-found");
  await expectProblem(await ask(stranger, `/v1/files/${one}/versions`), "not-found");
});

test("V17 the routes of history refuse who is not signed in, and what is not in the protocol", async () => {
  const user = await newDevice();
  const node = newNode();
  const paths = [
    "/v1/find?path=",
    `/v1/files/${node}/versions`,
    "/v1/trash",
    "/v1/trash/below?folders=",
    "/v1/rewind?to=1",
    "/v1/log?from=0",
  ];
  for (const path of paths) await expectProblem(await send("GET", path), "unauthenticated");
  for (const path of ["/v1/find", "/v1/rewind", "/v1/log", "/v1/trash?before=x", "/v1/rewind?to=-1", "/v1/trash/below?folders=x"]) {
    await expectProblem(await ask(user, path), "bad-request");
  }
  await expectProblem(await ask(user, "/v1/trash?limit=1"), "unknown-field");
  await expectProblem(await ask(user, `/v1/trash/below?folders=${node},${node}&after=a`), "bad-request");
  const folders = (count: number) => Array.from({ length: count }, newNode).join(",");
  await json(await ask(user, `/v1/trash/below?folders=${folders(trashFoldersMax)}`));
  await expectProblem(await ask(user, `/v1/trash/below?folders=${folders(trashFoldersMax + 1)}`), "bad-request");
  await expectProblem(await ask(user, `/v1/find?path=${"x".repeat(queryPathCharsMax)}`), "not-found");
  await expectProblem(await ask(user, `/v1/find?path=${"x".repeat(queryPathCharsMax + 1)}`), "bad-request");
  const now = Date.now();
  await json(await ask(user, `/v1/rewind?to=${now - historyMs + 60_000}`));
  await expectProblem(await ask(user, `/v1/rewind?to=${now - historyMs - 1}`), "history-expired");
});

/** The database, and how many rows D1 says it has read. */
function counting(db: D1Database): { db: Database; read: () => number } {
  let rows = 0;
  const note = <Result extends { meta: { rows_read: number } }>(result: Result): Result => {
    rows += result.meta.rows_read;
    return result;
  };
  const inners = new WeakMap<Statement, D1PreparedStatement>();
  const statement = (inner: D1PreparedStatement): Statement => {
    const wrapped: Statement = {
      bind: (...values) => statement(inner.bind(...values)),
      all: async <Row>() => note(await inner.all<Row>()),
      first: async <Row>() => note(await inner.all<Row>()).results[0] ?? null,
      run: async () => note(await inner.all()),
    };
    inners.set(wrapped, inner);
    return wrapped;
  };
  const batch = async <Row>(statements: Statement[]) => {
    const all = statements.flatMap((wrapped) => inners.get(wrapped) ?? []);
    return (await db.batch<Row>(all)).map(note);
  };
  return { db: { prepare: (sql) => statement(db.prepare(sql)), batch }, read: () => rows };
}

/** A tree of `count` files in folders of 100, written past the server. */
async function bigTree(as: Signed, count: number): Promise<void> {
  const db = metaShard(env, as.shard);
  await db
    .prepare(
      `WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < ?2 - 1)
       INSERT INTO nodes (user_id, node_id, parent_id, name, kind, rev, version, size, mtime_ms, mode, digest)
       SELECT ?1, 'D' || printf('%021d', i / 100), ?3, 'd' || (i / 100), 'folder', 1, 0, 0, 0, 493, printf('%064d', 0) FROM c WHERE i % 100 = 0
       UNION ALL SELECT ?1, 'F' || printf('%021d', i), 'D' || printf('%021d', i / 100), 'f' || i, 'file', 1, 1, 0, 0, 420, printf('%064d', 1) FROM c`,
    )
    .bind(as.user, count, rootId)
    .run();
  await db
    .prepare(
      `INSERT INTO versions (user_id, node_id, version, manifest, size, mtime_ms, mode, device_id, created_at)
       SELECT user_id, node_id, 1, '', 0, 0, 420, 'd', 1 FROM nodes WHERE user_id = ? AND kind = 'file'`,
    )
    .bind(as.user)
    .run();
}

test("V10 a rewind reads rows for what changed since, not for the tree", async () => {
  const measured: { files: number; changes: number; requests: number; rows: number }[] = [];
  for (const [files, changes] of [
    [1000, 100],
    [20_000, 100],
    [20_000, 1000],
  ] as const) {
    const user = await newDevice();
    await bigTree(user, files);
    const to = Date.now();
    while (Date.now() <= to) await scheduler.wait(1);
    const step = Math.floor(files / changes);
    const nodes = Array.from({ length: changes }, (_, index) => `F${String(index * step).padStart(21, "0")}` as NodeId);
    await commit(
      user,
      ...nodes.map((node): Op => ({ op: "update", opId: newOp(), node, baseRev: 1, manifest: "", size: 0, mtimeMs: 9, mode: 0o644 })),
    );
    const { db, read } = counting(metaShard(env, user.shard));
    let requests = 0;
    let named = 0;
    for (let after: number | null = null; ;) {
      const page: RewindPage = await readRewind(db, { user: user.user, to, after, now: Date.now() });
      requests++;
      named += page.items.length;
      if (page.next === null) break;
      after = page.next;
    }
    expect(named).toBe(changes);
    measured.push({ files, changes, requests, rows: read() });
  }
  const [small, big, more] = measured;
  // The folders of the changed files are more in the bigger tree; there are no more of them than changes.
  for (const { rows, changes } of measured) expect(rows).toBeLessThan(18 * changes + 100);
  expect(big?.rows ?? 0).toBeLessThan(2 * (small?.rows ?? 0));
  expect(more?.requests).toBe(1);
});
