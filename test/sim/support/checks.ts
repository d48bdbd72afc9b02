/** What must hold of the edge's storage, whatever happened (DESIGN section 8): each fault as a sentence. */
import { createHash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { addDigest, contentDigest, emptyDigest, leafDigest } from "@ashlar/shared/digest";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { EdgeInMemory } from "./edge.ts";
import type { Span } from "./network.ts";

type Node = {
  node_id: string;
  parent_id: string | null;
  name: string;
  kind: string;
  rev: number;
  size: number;
  mode: number;
  digest: string;
  version: number;
};
type Version = { node_id: string; version: number; manifest: string; mode: number };
type Change = {
  seq: number;
  at: number;
  device_id: string;
  op_id: string;
  type: string;
  kind: string;
  node_id: string;
  version: number;
  path: string;
};
type UserBlock = { hash: string; size: number; refs: number; pack_id: string | null; pack_offset: number | null };

/** Long enough for a commit to be sent again: of 71 late copies in 2,000 lives one took 35 s. */
const copyMs = 40_000;
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());
const hex = (bytes: Uint8Array) => Buffer.from(sha256(bytes)).toString("hex");

/** The one user's rows: the simulation has one account. */
export function readNamespace(edge: EdgeInMemory) {
  const db = edge.meta.find(({ raw }) => raw.prepare("SELECT 1 FROM namespaces").get() !== undefined);
  if (db === undefined) throw new Error("there is no namespace");
  const rows = <Row>(sql: string): Row[] => db.raw.prepare(sql).all() as Row[];
  return {
    namespace: rows<{ user_id: string; seq: number; bytes_used: number }>("SELECT * FROM namespaces")[0] ?? {
      user_id: "",
      seq: 0,
      bytes_used: 0,
    },
    live: rows<Node>("SELECT * FROM nodes WHERE deleted_at IS NULL"),
    versions: rows<Version>("SELECT * FROM versions"),
    changes: rows<Change>("SELECT seq, at, device_id, op_id, type, kind, node_id, version, path FROM changes ORDER BY seq"),
    blocks: rows<UserBlock>("SELECT * FROM user_blocks"),
    packs: rows<{ pack_id: string; live_bytes: number }>("SELECT * FROM packs"),
  };
}
export type NamespaceRows = ReturnType<typeof readNamespace>;

export function storageFaults(edge: EdgeInMemory): string[] {
  const rows = readNamespace(edge);
  return [
    ...acknowledgementFaults(edge, rows),
    ...journalFaults(rows),
    ...digestFaults(rows),
    ...referenceFaults(rows),
    ...contentFaults(edge, rows),
    ...holderFaults(edge, rows),
  ];
}

/** I4: what a device was told is applied is in the journal, once and there. */
function acknowledgementFaults(edge: EdgeInMemory, { changes }: NamespaceRows): string[] {
  const seqs = new Map(changes.map(({ op_id, seq }) => [op_id, seq]));
  const lost = [...edge.acknowledged].filter(([op, seq]) => seqs.get(op) !== seq);
  return lost.map(([op, seq]) => `I4: operation ${op} was acknowledged as ${seq} and is ${seqs.get(op) ?? "nowhere"} in the journal`);
}

/** One device, under all the ids it has had. */
export type Deleter = { readonly ids: ReadonlySet<string>; readonly offline: readonly Span[]; readonly dead: readonly Span[] };

/**
 * I6: a file whose content nobody removed or overwrote is not deleted, unless the content is in another file by then: a conflicted
 * copy is made before its original goes, and only the device that deleted may send the two in the other order: what another brings later is chance.
 * What becomes of the copy is judged where it is deleted in its turn.
 */
export function deletionFaults(
  { changes, versions }: NamespaceRows,
  wanted: ReadonlySet<string>,
  deleterOf: (device: string) => Deleter,
): string[] {
  const manifests = new Map(versions.map((row) => [`${row.node_id}/${row.version}`, row.manifest]));
  const contentOf = ({ node_id, version }: Change) => manifests.get(`${node_id}/${version}`) ?? "";
  return changes.flatMap((change) => {
    if (change.type !== "delete" || change.kind !== "file" || !wanted.has(contentOf(change))) return [];
    const last = new Map<string, Change>();
    const deleter = deleterOf(change.device_id);
    const endMs = copyEndMs(change.at, deleter);
    for (const other of changes) if (other.at <= change.at) last.set(other.node_id, other);
    const late = changes.filter(({ at, device_id }) => at > change.at && at <= endMs && deleter.ids.has(device_id));
    const isElsewhere = [...last.values(), ...late].some((other) => other.type !== "delete" && contentOf(other) === contentOf(change));
    return isElsewhere ? [] : [`I6: change ${change.seq} deletes ${change.path}, which nobody removed`];
  });
}

/**
 * Until when the device that deleted may bring the copy. After a time without a line it has all of its time again, since it may wait
 * long before it asks; one that was killed goes on as soon as it is begun again, so that only the time when it was dead does not count.
 */
function copyEndMs(deletedMs: number, { offline, dead }: Deleter): number {
  const spans = [...offline.map((span) => ({ ...span, isDead: false })), ...dead.map((span) => ({ ...span, isDead: true }))];
  let endMs = deletedMs + copyMs;
  let countedMs = deletedMs;
  for (const { fromMs, toMs, isDead } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs > endMs || toMs <= countedMs) continue;
    endMs = isDead ? endMs + toMs - Math.max(fromMs, countedMs) : Math.max(endMs, toMs + copyMs);
    countedMs = toMs;
  }
  return endMs;
}

/** I3. */
function journalFaults({ namespace, changes, live }: NamespaceRows): string[] {
  const faults: string[] = [];
  const seqs = changes.map(({ seq }) => seq);
  if (seqs.some((seq, index) => seq !== index + 1) || seqs.length !== namespace.seq)
    faults.push(`I3: the journal has seqs ${seqs.join(",")}, the head is ${namespace.seq}`);
  const used = live.reduce((total, { size }) => total + size, 0);
  if (used !== namespace.bytes_used) faults.push(`I8: ${namespace.bytes_used} bytes are counted, ${used} are there`);
  return faults;
}

/** I8. */
function digestFaults({ live, versions }: NamespaceRows): string[] {
  const manifests = new Map(versions.map((row) => [`${row.node_id}/${row.version}`, row]));
  return live.flatMap((node) => {
    const version = manifests.get(`${node.node_id}/${node.version}`);
    const digest =
      node.kind === "folder"
        ? live
            .filter(({ parent_id }) => parent_id === node.node_id)
            .map(({ node_id, ...child }) => leafDigest(sha256, { node: node_id, ...child }))
            .reduce(addDigest, emptyDigest)
        : contentDigest(sha256, version?.manifest ?? "?", version?.mode ?? -1);
    return digest === node.digest ? [] : [`I8: the digest of ${node.name} is not that of what is in it`];
  });
}

function referencesOf(versions: readonly Version[]): Map<string, { refs: number; size: number }> {
  const references = new Map<string, { refs: number; size: number }>();
  for (const { manifest } of versions) {
    for (const [hash, size] of new Map(decodeManifest(manifest).map((ref) => [ref.hash, ref.size]))) {
      references.set(hash, { refs: (references.get(hash)?.refs ?? 0) + 1, size });
    }
  }
  return references;
}

/** I8. */
function referenceFaults({ versions, blocks, packs }: NamespaceRows): string[] {
  const references = referencesOf(versions);
  const counted = new Map(blocks.map((row) => [row.hash, row.refs]));
  const hashes = new Set([...references.keys(), ...counted.keys()]);
  const wrong = [...hashes].filter((hash) => (references.get(hash)?.refs ?? 0) !== (counted.get(hash) ?? 0));
  const packsWrong = packs.filter(({ pack_id, live_bytes }) => {
    const alive = blocks.filter((row) => row.pack_id === pack_id && row.refs > 0).reduce((total, { size }) => total + size, 0);
    return alive !== live_bytes;
  });
  return [
    ...wrong.map((hash) => `I8: block ${hash} has ${references.get(hash)?.refs ?? 0} references, ${counted.get(hash) ?? 0} are counted`),
    ...packsWrong.map(({ pack_id }) => `I8: pack ${pack_id} counts other bytes alive than its blocks are`),
  ];
}

/** I1. */
function contentFaults(edge: EdgeInMemory, { namespace, versions, blocks }: NamespaceRows): string[] {
  const rows = new Map(blocks.map((row) => [row.hash, row]));
  return [...referencesOf(versions)].flatMap(([hash, { size }]) => {
    const row = rows.get(hash);
    const packed = row?.pack_id ?? null;
    const object = edge.objects.all.get(packed === null ? `b/${hash}` : `p/${namespace.user_id}/${packed}`);
    const at = row?.pack_offset ?? 0;
    const plain = object?.customMetadata["encoding"] === "zstd" ? zstdDecompressSync(object.bytes) : object?.bytes;
    const bytes = plain?.subarray(at, at + size);
    return bytes !== undefined && hex(bytes) === hash ? [] : [`I1: block ${hash} of ${size} bytes is not in the bucket`];
  });
}

/** I8, and that what the user's versions need is held. */
function holderFaults(edge: EdgeInMemory, { versions }: NamespaceRows): string[] {
  const needed = [...referencesOf(versions)].filter(([, { size }]) => size > packBlockBytesMax).map(([hash]) => hash);
  const holders = edge.index.flatMap(
    ({ raw }) => raw.prepare("SELECT hash FROM holders WHERE expires_at IS NULL").all() as { hash: string }[],
  );
  const held = new Set(holders.map(({ hash }) => hash));
  const counts = edge.index.flatMap(
    ({ raw }) =>
      raw
        .prepare(
          "SELECT hash FROM blocks b WHERE ref_count <> (SELECT count(*) FROM holders h WHERE h.hash = b.hash AND expires_at IS NULL)",
        )
        .all() as { hash: string }[],
  );
  return [
    ...needed.filter((hash) => !held.has(hash)).map((hash) => `I1: block ${hash} is in a version and not held`),
    ...[...held].filter((hash) => !needed.includes(hash)).map((hash) => `I8: block ${hash} is held and in no version`),
    ...counts.map(({ hash }) => `I8: the holders of block ${hash} are not as many as counted`),
  ];
}
