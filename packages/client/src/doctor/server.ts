/** Compares what this client has noted of the server with the server, and changes neither. */
import type { Sha256 } from "@ashlar/shared/digest";
import { type NodeId, rootId } from "@ashlar/shared/ids";
import { checkHashesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest } from "@ashlar/shared/manifest";
import type { TreePage } from "@ashlar/shared/protocol/tree";
import { problemCode } from "../edge/refusals.ts";
import type { Edge } from "../ports.ts";
import { type FolderDigests, folderDigests } from "../trees/digests.ts";
import type { SharedNode } from "../trees/node.ts";
import type { Trees } from "../trees/trees.ts";
import { type Finding, finding } from "./finding.ts";

export type ServerPorts = { readonly trees: Trees; readonly edge: Pick<Edge, "tree" | "changes" | "check">; readonly sha256: Sha256 };

type Child = TreePage["children"][number];
type Difference = { readonly id: NodeId; readonly path: string; readonly what: string };

/** One request where nothing differs. Rejects as the edge does. */
export async function examineServer({ trees, edge, sha256 }: ServerPorts, signal: AbortSignal): Promise<Finding[]> {
  const { epoch, cursor } = trees.meta;
  if (epoch === null) return [finding("server-ahead", "", "the server's tree is not, or not wholly, known here")];
  const known = folderDigests(trees.remote, sha256);
  const first = await edge.tree(rootId, null, signal, known.get(rootId));
  // A backup may know the same epoch, and fewer changes.
  if (first.epoch !== epoch || first.head < cursor) return [finding("server-restored")];
  const differences = first.folder.digest === known.get(rootId) ? [] : await listDifferences({ trees, edge }, known, signal);
  if (first.head === cursor && differences.length === 0) return [];
  // Asked last, so that what happened while the folders were listed is known too.
  const told = await toldSince({ trees, edge }, signal);
  if (told === undefined) return [finding("cursor-expired")];
  const untold = differences.filter(({ id }) => !told.has(id)).map(({ path, what }) => finding("server-differs", path, what));
  return told.size === 0
    ? untold
    : [
        finding("server-ahead", "", `${told.size} ${told.size === 1 ? "item was" : "items were"} changed since change ${cursor}`),
        ...untold,
      ];
}

type Reader = Pick<ServerPorts, "trees" | "edge">;

async function listDifferences({ trees, edge }: Reader, known: FolderDigests, signal: AbortSignal): Promise<Difference[]> {
  const differences: Difference[] = [];
  const open: { id: NodeId; path: string }[] = [{ id: rootId, path: "" }];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const listed = await childrenOf(edge, folder.id, signal);
    // Deleted meanwhile, of which the journal tells.
    if (listed === undefined) continue;
    const pathTo = (name: string) => (folder.path === "" ? name : `${folder.path}/${name}`);
    const gone = new Map([...trees.remote.children(folder.id)].map((node) => [node.id, node]));
    for (const child of listed) {
      gone.delete(child.node);
      const path = pathTo(child.name);
      const what = differenceOf(child, trees.remote.get(child.node));
      if (what !== undefined) differences.push({ id: child.node, path, what });
      if (child.kind === "folder" && known.get(child.node) !== child.digest) open.push({ id: child.node, path });
    }
    for (const { id, name } of gone.values()) differences.push({ id, path: pathTo(name), what: "the server does not have it there" });
  }
  return differences;
}

async function childrenOf(edge: Reader["edge"], id: NodeId, signal: AbortSignal): Promise<Child[] | undefined> {
  const children: Child[] = [];
  try {
    for (let after: string | null = null; ;) {
      const page: TreePage = await edge.tree(id, after, signal);
      children.push(...page.children);
      if (page.next === null) return children;
      after = page.next;
    }
  } catch (error) {
    if (problemCode(error) === "not-found") return undefined;
    throw error;
  }
}

function differenceOf(child: Child, noted: SharedNode | undefined): string | undefined {
  if (noted === undefined) return "this client does not know of it";
  if (noted.parent !== child.parent || noted.name !== child.name) return "it stands elsewhere on the server";
  if (noted.kind !== child.kind || noted.version !== child.version) return "the server has another version";
  if (noted.manifest !== null && child.manifest !== null && noted.manifest !== child.manifest) return "its content is noted otherwise";
  // A folder's revision is not noted anew when it is known whole.
  return noted.rev === child.rev && noted.mode === child.mode ? undefined : "its mode or revision is noted otherwise";
}

/** Of the journal behind the cursor, the nodes; undefined when it does not go back that far. */
async function toldSince({ trees, edge }: Reader, signal: AbortSignal): Promise<ReadonlySet<NodeId> | undefined> {
  const told = new Set<NodeId>();
  let { cursor } = trees.meta;
  try {
    for (;;) {
      const page = await edge.changes(cursor, trees.meta.epoch, signal, cursor === trees.meta.cursor ? trees.meta.cursorOp : undefined);
      for (const change of page.changes) {
        told.add(change.node);
        cursor = change.seq;
      }
      if (cursor >= page.head || page.changes.length === 0) return told;
    }
  } catch (error) {
    if (problemCode(error) === "cursor-expired") return undefined;
    throw error;
  }
}

/**
 * Asks whether the server has every large block of what it lists, a thousand at a time; small ones live in packs, which only
 * the server's own scrub reads. Rejects as the edge does.
 */
export async function examineBlocks({ trees, edge }: ServerPorts, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const asked = new Set<string>();
  let batch: { block: BlockRef; id: NodeId }[] = [];
  const ask = async () => {
    const states = await edge.check(
      batch.map(({ block: { hash, size } }) => ({ hash, size })),
      signal,
    );
    for (const [index, { block, id }] of batch.entries()) {
      if (states[index] === "have") continue;
      const isHere = trees.local.findBlock(block.hash).length > 0;
      findings.push(finding(isHere ? "block-missing-there" : "block-missing", trees.shownPath(id), `block ${block.hash}`));
    }
    batch = [];
  };
  for (const { id, manifest } of filesBelow(trees, rootId)) {
    for (const block of manifest === null ? [] : decodeManifest(manifest)) {
      if (block.size <= packBlockBytesMax || asked.has(block.hash)) continue;
      asked.add(block.hash);
      if (batch.push({ block, id }) === checkHashesMax) await ask();
    }
  }
  if (batch.length > 0) await ask();
  return findings;
}

function* filesBelow(trees: Trees, folder: NodeId): Generator<SharedNode> {
  for (const child of trees.remote.children(folder)) {
    if (child.kind === "folder") yield* filesBelow(trees, child.id);
    else yield child;
  }
}
