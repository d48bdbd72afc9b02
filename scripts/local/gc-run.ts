/** The collector's runs as the local server sees them: by the record that they leave in the directory database. */
import type { D1Database } from "@cloudflare/workers-types";
import * as z from "zod";

export type RunKind = "collect" | "plan" | "check";

const rowSchema = z.object({
  startedAt: z.number(),
  kind: z.enum(["collect", "plan", "check"]),
  finishedAt: z.number().nullable(),
  seen: z.number(),
  deleted: z.number(),
  bytesFreed: z.number(),
  errors: z.number(),
  details: z.string(),
});
export type RunRow = z.infer<typeof rowSchema>;

const lastSql = `
  SELECT started_at AS startedAt, kind, finished_at AS finishedAt, seen, deleted, bytes_freed AS bytesFreed, errors, details
  FROM gc_runs WHERE kind <> 'check' ORDER BY started_at DESC LIMIT 1`;

export async function readLastRun(directory: D1Database): Promise<RunRow | undefined> {
  const row = await directory.prepare(lastSql).first();
  return row === null ? undefined : rowSchema.parse(row);
}

export function parseRun(value: unknown): RunRow {
  return rowSchema.parse(value);
}

const detailsSchema = z.object({ at: z.number(), parts: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** Lines for a person. */
export function runText(run: RunRow): string[] {
  const title = run.kind === "plan" ? "The collector would" : "The collector did";
  const { parts } = detailsSchema.parse(JSON.parse(run.details));
  const lines = Object.entries(parts).map(([name, details]) => {
    const words = Object.entries(details).flatMap(([key, value]) => (isNothing(value) ? [] : [`${key} ${text(value)}`]));
    return `  ${name.padEnd(18)} ${words.join(", ")}`;
  });
  const took = `${(run.finishedAt ?? run.startedAt) - run.startedAt} ms`;
  const sums =
    run.kind === "plan"
      ? `looked at ${run.seen} rows and objects, ${run.errors} errors, ${took}`
      : `looked at ${run.seen} rows and objects, deleted ${run.deleted}, freed ${run.bytesFreed} bytes, ${run.errors} errors, ${took}`;
  return [`${title}:`, ...(lines.length > 0 ? lines : ["  nothing"]), sums];
}

const isNothing = (value: unknown): boolean => value === 0 || (Array.isArray(value) && value.length === 0);
const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
