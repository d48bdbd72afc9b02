import { commitOpsMax, manifestRowCharsMax } from "@ashlar/shared/limits";
import { type BlockRef, encodeManifest, manifestSize } from "@ashlar/shared/manifest";
import type { ManifestPatch } from "@ashlar/shared/manifest-patch";
import type { NodeId } from "@ashlar/shared/ids";
import type { WireOp } from "@ashlar/shared/protocol/commit";
import { expect, test } from "vitest";
import { expandPatches } from "../../src/namespace/expand-patches.ts";
import type { Database, Statement } from "../../src/ports.ts";
import { trimManifests, withPatches } from "../../src/namespace/change-page.ts";
import { block, createOp, mkdirOp, newNode, newWorld, rootId, updateOp, type World } from "../support/namespace-world.ts";

function patchedOp(node: NodeId, blocks: readonly BlockRef[], patch: ManifestPatch): WireOp {
  const op = updateOp(node, 1, blocks);
  if (op.op !== "update") throw new Error("no update");
  const { manifest: _, ...update } = op;
  return { ...update, patch };
}

const expand = (world: World, ops: readonly WireOp[], charsMax = 1e6) =>
  expandPatches({ db: world.db, bucket: world.bucket }, { user: world.user, ops, charsMax });
/** The statement, with what it answers noted. */
function watched(statement: Statement, rows: unknown[]): Statement {
  return {
    bind: (...values) => watched(statement.bind(...values), rows),
    all: async <Row>() => {
      const answer = await statement.all<Row>();
      rows.push(...answer.results);
      return answer;
    },
    first: () => statement.first(),
    run: () => statement.run(),
  };
}

const blocksOf = (seed: string, count: number) => Array.from({ length: count }, (_, at) => block(`${seed}${at}`));

/** A world with files of those many blocks. */
async function withFiles(...counts: number[]) {
  const world = await newWorld({ quotaBytes: 1e15 });
  const files = counts.map((count, at) => ({ node: newNode(), blocks: blocksOf(`file ${at}/`, count) }));
  for (const [at, { node, blocks }] of files.entries()) {
    const large = blocks.map((ref) => ({ ...ref, size: 100_000 }));
    world.blocks.upload(...large);
    await world.commit([createOp(node, rootId, `file ${at}`, large)]);
    files[at] = { node, blocks: large };
  }
  return { world, files: files as [(typeof files)[0], ...typeof files] };
}

test("Y13 patches of several files are applied in one question to the database, others stay as they are", async () => {
  const { world, files } = await withFiles(30, 40);
  const added = { ...block("added"), size: 100_000 };
  const edits = files.map(({ node, blocks }) => ({
    node,
    blocks: blocks.with(3, added),
    splices: [{ at: 3, remove: 1, insert: encodeManifest([added]) }],
  }));
  const ops: WireOp[] = [
    mkdirOp(newNode(), rootId, "folder"),
    ...edits.map(({ node, blocks, splices }) => patchedOp(node, blocks, { base: 1, splices })),
  ];
  const asked: string[] = [];
  const db = {
    ...world.db,
    prepare: (sql: string) => {
      asked.push(sql);
      return world.db.prepare(sql);
    },
  };
  const expanded = await expandPatches({ db, bucket: world.bucket }, { user: world.user, ops, charsMax: 1e6 });
  expect(asked).toHaveLength(1);
  expect(expanded.ops).toEqual([
    ops[0],
    ...edits.map(({ blocks }, at) => ({ ...ops[at + 1], patch: undefined, manifest: encodeManifest(blocks), size: manifestSize(blocks) })),
  ]);
  expect(expanded.patches).toEqual(edits.map(({ splices }, at) => ({ opId: ops[at + 1]?.opId, patch: { base: 1, splices } })));
  expect(await expandPatches({ db, bucket: world.bucket }, { user: world.user, ops: ops.slice(0, 1), charsMax: 0 })).toEqual({
    ops: ops.slice(0, 1),
    patches: [],
  });
  expect(asked).toHaveLength(1);
});

test("Y15 each patched operation counts with the longer of its manifests: at the limit it is taken, at one past it is not", async () => {
  const {
    world,
    files: [file],
  } = await withFiles(30);
  const { node, blocks } = file;
  const chars = encodeManifest(blocks).length;
  const [same, removed] = [
    patchedOp(node, blocks, { base: 1, splices: [] }),
    patchedOp(node, [], { base: 1, splices: [{ at: 0, remove: 30, insert: "" }] }),
  ];
  const more = encodeManifest([...blocks, ...blocks]);
  const doubled = patchedOp(node, [...blocks, ...blocks], { base: 1, splices: [{ at: 30, remove: 0, insert: encodeManifest(blocks) }] });
  for (const [ops, needed] of [
    [[same], chars],
    [[same, same, removed], 3 * chars],
    [[doubled], more.length],
    [[doubled, removed], more.length + chars],
  ] as const) {
    expect((await expand(world, ops, needed)).ops).toHaveLength(ops.length);
    await expect(expand(world, ops, needed - 1)).rejects.toMatchObject({ code: "too-large" });
  }
});

test("Y15 a thousand long manifests are not read to find that they are too many", async () => {
  const {
    world,
    files: [file],
  } = await withFiles(30);
  const add = world.db.raw.prepare(
    `INSERT INTO versions SELECT user_id, ?1, version, manifest, manifest_key, size, mtime_ms, mode, device_id, created_at, superseded_at
     FROM versions WHERE user_id = ?2 AND node_id = ?3`,
  );
  const nodes = Array.from({ length: commitOpsMax }, () => newNode());
  for (const node of nodes) add.run(node, world.user, file.node);
  const chars = encodeManifest(file.blocks).length;
  const ops = nodes.map((node) => patchedOp(node, file.blocks, { base: 1, splices: [] }));
  const read: unknown[] = [];
  const db: Database = {
    ...world.db,
    prepare: (sql) => watched(world.db.prepare(sql), read),
  };
  const attempt = expandPatches({ db, bucket: world.bucket }, { user: world.user, ops, charsMax: 10 * chars });
  await expect(attempt).rejects.toMatchObject({ code: "too-large" });
  expect(read.filter((row) => (row as { manifest: string | null }).manifest !== null)).toHaveLength(10);
});

test("Y13 a patch of a manifest that is in the bucket is applied, unless it is too long", async () => {
  const count = Math.ceil(manifestRowCharsMax / 46) + 1;
  const {
    world,
    files: [file],
  } = await withFiles(count);
  expect(world.bucket.objects.size).toBe(1);
  const added = { ...block("added"), size: 100_000 };
  const splices = [{ at: count, remove: 0, insert: encodeManifest([added]) }];
  const op = patchedOp(file.node, [...file.blocks, added], { base: 1, splices });
  const manifest = encodeManifest([...file.blocks, added]);
  expect((await expand(world, [op], manifest.length)).ops).toMatchObject([{ manifest }]);
  await expect(expand(world, [op], manifest.length - 1)).rejects.toMatchObject({ code: "too-large" });
  await expect(expand(world, [op], 1000)).rejects.toMatchObject({ code: "too-large" });
});

test("Y22 a message carries as many manifests, patches and deltas as it may, and leaves out the rest", async () => {
  const {
    world,
    files: [file],
  } = await withFiles(30);
  const { changes } = await world.commit([updateOp(file.node, 1, file.blocks.slice(1))]);
  const [change] = changes;
  if (change === undefined) throw new Error("nothing changed");
  const patch = { base: 1, splices: [{ at: 0, remove: 1, insert: "" }] };
  const patched = withPatches([change], new Map([[change.opId, patch]]));
  expect(patched).toMatchObject([{ manifest: null, patch }]);
  expect(trimManifests(patched)).toEqual(patched);
  expect(withPatches([change], new Map())).toEqual([change]);
  const long = {
    ...change,
    deltas: [{ target: file.blocks[0]?.hash ?? block("x").hash, bases: Array.from({ length: 62_600 }, () => block("y").hash), size: 1 }],
  };
  expect(trimManifests([long, ...patched])).toMatchObject([
    { manifest: null, deltas: [] },
    { manifest: null, deltas: [] },
  ]);
  expect(trimManifests([long, ...patched]).every((told) => !("patch" in told))).toBe(true);
});

test("Y22 an update that came with a long manifest is answered with how it differs from the version before", async () => {
  const {
    world,
    files: [file],
  } = await withFiles(30);
  const added = { ...block("added"), size: 100_000 };
  world.blocks.upload(added);
  const edited = file.blocks.with(7, added);
  const op = updateOp(file.node, 1, edited);
  const { changes } = await world.commit([op]);
  const patch = { base: 1, splices: [{ at: 7, remove: 1, insert: encodeManifest([added]) }] };
  expect(changes).toMatchObject([{ version: 2, manifest: null, patch }]);
  expect((await world.commit([op])).changes).toMatchObject([{ version: 2, manifest: encodeManifest(edited) }]);
  // The second of two updates differs from the first, which nobody has read.
  const both = await world.commit([updateOp(file.node, 2, file.blocks), updateOp(file.node, 3, edited)]);
  expect(both.changes).toMatchObject([
    { version: 3, manifest: null },
    { version: 4, manifest: encodeManifest(edited) },
  ]);
  const whole = await world.commit([updateOp(file.node, 4, [added])]);
  expect(whole.changes).toMatchObject([{ version: 5, manifest: encodeManifest([added]) }]);
});
