/** The rooms of the repository, and which of them each may import (docs/ARCHITECTURE.md). */
import { posix } from "node:path";

/** Rooms are folders; the name of a room that is a package is what follows `@ashlar/`. */
const folders = {
  shared: "packages/shared",
  server: "packages/server",
  client: "packages/client",
  cli: "packages/cli",
  "durable-objects": "durable-objects",
  api: "workers/api",
  "gc-cron": "workers/gc-cron",
  web: "web",
  bench: "bench",
  test: "test",
  scripts: "scripts",
} as const;
export type Room = keyof typeof folders;

/** Nothing imports a Worker. `test`, `bench` and `scripts` are the workshop: they look at rooms from outside. */
const arrows: Readonly<Record<Room, readonly Room[]>> = {
  shared: [],
  server: ["shared"],
  client: ["shared"],
  cli: ["client", "shared"],
  "durable-objects": ["server", "shared"],
  api: ["durable-objects", "server", "shared"],
  "gc-cron": ["server", "shared"],
  web: ["client", "shared"],
  bench: ["client", "server", "shared", "scripts", "test"],
  test: ["api", "client", "durable-objects", "server", "shared", "scripts"],
  scripts: ["shared"],
};
/** Tests of different rooms share what they support each other with: reached by path, from the workshop only. */
const testSupport = /^(packages\/[^/]+|durable-objects|workers\/[^/]+)\/test\/support\//;
/** These have no package: they are reached by path, and only by each other. */
const workshop: ReadonlySet<Room> = new Set(["bench", "test", "scripts"]);

/** The room of a file, by its path from the repository's folder; undefined for those that lie in none. */
export function roomOf(path: string): Room | undefined {
  return rooms.find((room) => path === folders[room] || path.startsWith(`${folders[room]}/`));
}
const rooms = Object.keys(folders).filter((name): name is Room => name in folders);

/** What is wrong with an import in the file at `path`, or undefined. */
export function importFault(path: string, specifier: string): string | undefined {
  const from = roomOf(path);
  if (from === undefined) return undefined;
  if (specifier.startsWith(".")) return relativeFault(from, posix.join(posix.dirname(path), specifier));
  const name = /^@ashlar\/([^/]+)/.exec(specifier)?.[1];
  if (name === undefined) return undefined;
  const to = rooms.find((room) => room === name);
  if (to === undefined) return `There is no room ${name}.`;
  return to === from || arrows[from].includes(to) ? undefined : forbidden(from, to);
}

function relativeFault(from: Room, target: string): string | undefined {
  const to = roomOf(target);
  if (to === from) return undefined;
  if (to === undefined) return `${target} lies in no room.`;
  if (!arrows[from].includes(to)) return forbidden(from, to);
  if (workshop.has(from) && testSupport.test(target)) return undefined;
  return workshop.has(to) ? undefined : `Import ${to} by its package name, @ashlar/${to}, and not by a path.`;
}

function forbidden(from: Room, to: Room): string {
  const allowed = arrows[from];
  return `${from} may not import ${to}; it may import ${allowed.length === 0 ? "no other room" : allowed.join(", ")}.`;
}
