/** What a folder holds, down to the bytes of its names, for comparing two of them. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** By path; names as the bytes on the disk, in latin1, so that two spellings of one name stay apart. */
export type Tree = ReadonlyMap<string, string>;

const own = Buffer.from(".ashlar");
const slash = Buffer.from("/");

/** Everything below the folder but the client's own `.ashlar`: kind, permission bits, and content or target. */
export async function readTree(root: string): Promise<Tree> {
  const tree = new Map<string, string>();
  await readInto(tree, Buffer.from(root), Buffer.alloc(0));
  return tree;
}

async function readInto(tree: Map<string, string>, root: Buffer, folder: Buffer): Promise<void> {
  const names = await readdir(Buffer.concat([root, slash, folder]), { encoding: "buffer" });
  for (const name of names.toSorted((a, b) => a.compare(b))) {
    if (folder.length === 0 && name.equals(own)) continue;
    const way = folder.length === 0 ? name : Buffer.concat([folder, slash, name]);
    const path = Buffer.concat([root, slash, way]);
    const stat = await lstat(path);
    const mode = (stat.mode & 0o777).toString(8);
    if (stat.isDirectory()) {
      tree.set(way.toString("latin1"), `folder ${mode}`);
      await readInto(tree, root, way);
    } else if (stat.isSymbolicLink()) {
      tree.set(way.toString("latin1"), `link to ${(await readlink(path, { encoding: "buffer" })).toString("latin1")}`);
    } else {
      tree.set(way.toString("latin1"), `file ${mode} ${stat.size} ${await hashOf(path)}`);
    }
  }
}

async function hashOf(path: Buffer): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Undefined when the trees are the same; else what differs, a few lines of it. */
export function difference(a: Tree, b: Tree): string | undefined {
  const lines: string[] = [];
  for (const [path, what] of a) if (b.get(path) !== what) lines.push(`${path}: ${what} <> ${b.get(path) ?? "absent"}`);
  for (const [path, what] of b) if (!a.has(path)) lines.push(`${path}: absent <> ${what}`);
  if (lines.length === 0) return undefined;
  return `${lines.length} paths differ:\n${lines.slice(0, 12).join("\n")}`;
}

/** As {@link difference}, of two folders that may change while they are read. */
export async function folderDifference(a: string, b: string): Promise<string | undefined> {
  try {
    return difference(await readTree(a), await readTree(b));
  } catch (error) {
    // A file went while it was read: not a tree at rest, to be read again.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return error.message;
    throw error;
  }
}
