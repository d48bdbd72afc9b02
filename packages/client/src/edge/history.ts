/** The edge's routes about what was: nothing here changes anything. */
import type { NodeId, Seq } from "@ashlar/shared/ids";
import {
  type Found,
  foundSchema,
  type LogPage,
  logSchema,
  type RewindPage,
  rewindSchema,
  type TrashBelow,
  trashBelowSchema,
  type TrashPage,
  trashSchema,
  type VersionsPage,
  versionsSchema,
} from "@ashlar/shared/protocol/history";
import { type Caller, parsed } from "./caller.ts";

/** Every method rejects with UnreachableError, or with a ProblemError such as `not-found` or `history-expired`. */
export type HistoryEdge = {
  /** What is at a path (names in NFC, `/` between them), or was deleted there last. */
  find(path: string, signal?: AbortSignal): Promise<Found>;
  versions(node: NodeId, before: number | null, signal?: AbortSignal): Promise<VersionsPage>;
  trash(before: Seq | null, signal?: AbortSignal): Promise<TrashPage>;
  trashBelow(folders: readonly NodeId[], after: string | null, signal?: AbortSignal): Promise<TrashBelow>;
  rewind(to: number, after: Seq | null, signal?: AbortSignal): Promise<RewindPage>;
  log(question: LogQuestion, signal?: AbortSignal): Promise<LogPage>;
};

export type LogQuestion = {
  /** ms since 1970. */
  readonly from: number;
  readonly after?: Seq | undefined;
  readonly path?: string | undefined;
  readonly node?: NodeId | undefined;
};

/** `call` is signed: see `createSignedCaller`. */
export function createHistoryEdge(call: Caller): HistoryEdge {
  async function ask<Value>(
    schema: { parse(data: unknown): Value },
    path: string,
    query: Readonly<Record<string, string | number | null | undefined>>,
    signal: AbortSignal | undefined,
  ): Promise<Value> {
    const said = Object.entries(query).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
    );
    const asked = said.length === 0 ? path : `${path}?${said.join("&")}`;
    return parsed(schema, path, await call({ method: "GET", path: asked, signal }));
  }

  return {
    find: (path, signal) => ask(foundSchema, "/v1/find", { path }, signal),
    versions: (node, before, signal) => ask(versionsSchema, `/v1/files/${node}/versions`, { before }, signal),
    trash: (before, signal) => ask(trashSchema, "/v1/trash", { before }, signal),
    trashBelow: (folders, after, signal) => ask(trashBelowSchema, "/v1/trash/below", { folders: folders.join(","), after }, signal),
    rewind: (to, after, signal) => ask(rewindSchema, "/v1/rewind", { to, after }, signal),
    log: (question, signal) => ask(logSchema, "/v1/log", question, signal),
  };
}
