/** A tree for `startEdge` whose API Worker counts what it asks of the platform, and the way to its sums. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../../scripts/local/root.ts";
import type { House } from "./house.ts";

/**
 * What is billed. Reads of R2 are its class B, writes and lists class A; `objectCalls` and alarms are requests of Durable
 * Objects, and so are twenty messages together.
 */
export type Counts = {
  readonly requests: number;
  readonly objectCalls: number;
  readonly objectAlarms: number;
  readonly objectMessages: number;
  readonly objectRowsRead: number;
  readonly objectRowsWritten: number;
  readonly objectD1Batches: number;
  readonly r2Writes: number;
  readonly r2Reads: number;
  readonly r2Deletes: number;
  readonly d1Batches: number;
  readonly d1RowsRead: number;
  readonly d1RowsWritten: number;
};

type RootOptions = {
  /** The API Worker's entry, from the repository's folder. */
  readonly main: string;
  /** So many requests, and sign-ins, as anybody likes. */
  readonly unlimited?: boolean;
};

/** Made in the folder, of the repository's own configuration. */
export async function rootWith(directory: string, { main, unlimited = false }: RootOptions): Promise<string> {
  const gc = join("workers", "gc-cron");
  await mkdir(join(directory, gc), { recursive: true });
  await cp(join(root, "migrations"), join(directory, "migrations"), { recursive: true });
  const [api = "", collector = ""] = await Promise.all(["", gc].map((folder) => readFile(join(root, folder, "wrangler.toml"), "utf8")));
  const limits = unlimited ? api.replace(/limit = \d+/g, "limit = 1000000000") : api;
  await writeFile(join(directory, "wrangler.toml"), withMain(limits, main));
  await writeFile(join(directory, gc, "wrangler.toml"), withMain(collector, join(gc, "src/index.ts")));
  return directory;
}

export const countingRoot = (directory: string): Promise<string> => rootWith(directory, { main: "test/counting/worker.ts" });

function withMain(toml: string, main: string): string {
  return toml.replace(/^main = .*$/m, `main = ${JSON.stringify(join(root, main))}`);
}

/** What the edge was asked for since the last time. */
export async function takeCounts(house: House): Promise<Counts> {
  return (await ask(house)).counts;
}

/** By binding: how large each database is that was asked for anything. */
export async function databaseSizes(house: House): Promise<Readonly<Record<string, number>>> {
  return (await ask(house, "")).databaseBytes;
}

async function ask(house: House, query = "?reset"): Promise<{ counts: Counts; databaseBytes: Record<string, number> }> {
  const answer = await fetch(`${house.edge().url}/__counts${query}`);
  return (await answer.json()) as { counts: Counts; databaseBytes: Record<string, number> };
}
