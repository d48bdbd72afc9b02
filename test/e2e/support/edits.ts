/** Two devices that sync a large file live, and what an edit of it costs on the wire. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Running } from "./command.ts";
import { eventually } from "./eventually.ts";
import type { Device } from "./house.ts";
import type { Wire } from "./proxy.ts";

export type Pair = { readonly a: Device; readonly b: Device; readonly onA: Running; readonly onB: Running };

/** Bytes, all of the protocol included. */
export type Cost = {
  /** From the device that made the edit. */
  readonly up: number;
  /** To the other one. */
  readonly down: number;
  /** What the other one says. */
  readonly otherUp: number;
  /** Of the answers to the editing device: of the signatures that it fetched, and of all else. */
  readonly signatures: number;
  readonly answers: number;
};

/** From the edit until both devices have said that they are equal, and the file is the same on both. */
export async function costOf(pair: Pair, name: string, edit: () => Promise<void>): Promise<Cost> {
  const { a, b, onA, onB } = pair;
  const before = { a: a.proxy.wire(), b: b.proxy.wire(), signatures: signatureBytes(a), cursors: [cursorOf(onA), cursorOf(onB)] };
  await edit();
  await eventually(() => {
    const now = [cursorOf(onA), cursorOf(onB)];
    const isDone = now[0] === now[1] && now.every((cursor, index) => cursor > (before.cursors[index] ?? 0));
    return isDone ? undefined : `the cursors are ${now.join(" and ")}`;
  }, 120_000);
  const [here, there] = await Promise.all([a, b].map(({ folder }) => hashOfFile(join(folder, name))));
  if (here !== there) throw new Error(`${name} differs between the devices`);
  const [sent, received] = [difference(a.proxy.wire(), before.a), difference(b.proxy.wire(), before.b)];
  const signatures = signatureBytes(a) - before.signatures;
  return { up: sent.up, down: received.down, otherUp: received.up, signatures, answers: sent.down - signatures };
}

/** The journal's number up to which the device last said that all is equal. */
function cursorOf({ events }: Running): number {
  const cursor = events.findLast(({ type }) => type === "equal")?.["cursor"];
  return typeof cursor === "number" ? cursor : 0;
}

function signatureBytes({ proxy }: Device): number {
  return proxy.passed.filter(({ path }) => path.endsWith("/signature")).reduce((total, { bytesDown }) => total + bytesDown, 0);
}

function difference(now: Wire, before: Wire): Wire {
  return { up: now.up - before.up, down: now.down - before.down };
}

export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

export async function overwrite(path: string, at: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, at);
}

/** As editors save: written aside and renamed over. `aside` is a path outside of the synced folder. */
export async function insertAtHead(path: string, aside: string, bytes: Uint8Array): Promise<void> {
  const piece = Buffer.alloc(4 * 1024 * 1024);
  {
    await using from = await open(path, "r");
    await using to = await open(aside, "w");
    await to.write(bytes);
    for (;;) {
      const { bytesRead } = await from.read(piece, 0, piece.length);
      if (bytesRead === 0) break;
      await to.write(piece, 0, bytesRead);
    }
  }
  await rename(aside, path);
}

export async function append(path: string, bytes: Uint8Array): Promise<void> {
  await overwrite(path, (await stat(path)).size, bytes);
}

/** Whole under its name at once. */
export async function copyBeside(from: string, aside: string, to: string): Promise<void> {
  await copyFile(from, aside);
  await rename(aside, to);
}
