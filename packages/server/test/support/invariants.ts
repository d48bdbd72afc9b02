/** What must hold of a shard's rows after anything that happened (DESIGN section 8). */
import { contentDigest, emptyDigest, addDigest, leafDigest } from "@ashlar/shared/digest";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import { expect } from "vitest";
import { sha256, type World } from "./namespace-world.ts";

type Node = {
  node_id: string;
  rev: number;
  parent_id: string | null;
  name: string;
  kind: string;
  size: number;
  mode: number;
  digest: string;
  version: number;
};

/** I3, I8, and that the holds in the block index are exactly what the user's rows explain. */
export function expectInvariants(world: World): void {
  const rows = <Row>(sql: string): Row[] => world.db.raw.prepare(sql).all(world.user) as Row[];
  const [namespace] = rows<{ seq: number; bytes_used: number }>("SELECT seq, bytes_used FROM namespaces WHERE user_id = ?1");
  const seqs = rows<{ seq: number }>("SELECT seq FROM changes WHERE user_id = ?1 ORDER BY seq").map(({ seq }) => seq);
  expect(seqs).toEqual(Array.from({ length: namespace?.seq ?? 0 }, (_, index) => index + 1));

  const live = rows<Node>("SELECT * FROM nodes WHERE user_id = ?1 AND deleted_at IS NULL");
  expect(namespace?.bytes_used).toBe(live.reduce((total, { size }) => total + size, 0));
  expect(live.filter(({ name }) => name.includes("/"))).toEqual([]);

  const versions = rows<{ node_id: string; version: number; manifest: string; size: number; mode: number }>(
    "SELECT node_id, version, manifest, size, mode FROM versions WHERE user_id = ?1",
  );
  const manifests = new Map(versions.map((row) => [`${row.node_id}/${row.version}`, row]));
  const digestOf = (node: Node): string => {
    if (node.kind !== "folder") {
      const version = manifests.get(`${node.node_id}/${node.version}`);
      return contentDigest(sha256, version?.manifest ?? "?", version?.mode ?? -1);
    }
    return live
      .filter(({ parent_id }) => parent_id === node.node_id)
      .reduce((sum, { node_id, ...child }) => addDigest(sum, leafDigest(sha256, { node: node_id, ...child })), emptyDigest);
  };
  for (const node of live) expect({ node: node.node_id, digest: node.digest }).toEqual({ node: node.node_id, digest: digestOf(node) });

  const refs = new Map<string, number>();
  const sizes = new Map<string, number>();
  for (const { manifest } of versions) {
    for (const [hash, size] of new Map(decodeManifest(manifest).map((ref) => [ref.hash, ref.size]))) {
      refs.set(hash, (refs.get(hash) ?? 0) + 1);
      sizes.set(hash, size);
    }
  }
  const blocks = rows<{ hash: string; refs: number; pack_id: string | null; size: number }>("SELECT * FROM user_blocks WHERE user_id = ?1");
  expect(new Map(blocks.filter((row) => row.refs > 0).map((row) => [row.hash, row.refs]))).toEqual(refs);
  const [counted] = rows("SELECT version_bytes, stored_bytes, files, folders FROM namespaces WHERE user_id = ?1");
  expect({ ...(counted as object) }).toEqual({
    version_bytes: versions.reduce((total, { size }) => total + size, 0),
    stored_bytes: [...sizes.values()].reduce((total, size) => total + size, 0),
    files: live.filter(({ kind }) => kind !== "folder").length,
    folders: live.filter(({ kind, parent_id }) => kind === "folder" && parent_id !== null).length,
  });
  const large = [...sizes].filter(([, size]) => size > packBlockBytesMax).map(([hash]) => hash);
  expect(world.blocks.held).toEqual(new Set(large));
  for (const pack of rows<{ pack_id: string; live_bytes: number; delete_after: number | null }>("SELECT * FROM packs WHERE user_id = ?1")) {
    const inUse = blocks.filter((row) => row.pack_id === pack.pack_id && row.refs > 0);
    expect(pack.live_bytes).toBe(inUse.reduce((total, { size }) => total + size, 0));
  }
}

/** Everything that the shard says about its user, to compare two moments. */
export function dump(world: World): unknown {
  const tables = ["namespaces", "nodes", "versions", "changes", "user_blocks", "packs", "usage_days"];
  return Object.fromEntries(
    tables.map((table) => [table, world.db.raw.prepare(`SELECT * FROM ${table} WHERE user_id = ?1`).all(world.user)]),
  );
}
