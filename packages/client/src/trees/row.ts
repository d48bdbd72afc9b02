/** Reading rows that this client itself wrote: a column of another type is a damaged database. */
import type { NodeId } from "@ashlar/shared/ids";
import { DatabaseDamagedError, type SqlRow, type SqlValue } from "../database.ts";
import type { Kind } from "../scan/types.ts";

export function text(row: SqlRow, column: string): string {
  return textOf(row[column], column);
}

export function textOf(value: SqlValue | undefined, column: string): string {
  if (typeof value !== "string") throw new DatabaseDamagedError(`${column} is no text`);
  return value;
}

export function integer(row: SqlRow, column: string): number {
  return integerOf(row[column], column);
}

export function integerOf(value: SqlValue | undefined, column: string): number {
  if (typeof value !== "number") throw new DatabaseDamagedError(`${column} is no number`);
  return value;
}

export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function integerOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

/** Ids are stored as they were branded at the border. */
export function nodeId(row: SqlRow, column: string): NodeId {
  return text(row, column) as NodeId;
}

export function kindOf(row: SqlRow): Kind {
  return asKind(row["kind"]);
}

export function asKind(kind: SqlValue | undefined): Kind {
  if (kind === "file" || kind === "folder" || kind === "symlink") return kind;
  throw new DatabaseDamagedError(`no such kind as ${kind}`);
}
