import { createHistoryEdge, type HistoryEdge, type LogQuestion } from "@ashlar/client/edge/history";
import { openConnection } from "@ashlar/client/node/connection";
import type { NodeId, Seq } from "@ashlar/shared/ids";
import type { LogEntry } from "@ashlar/shared/protocol/history";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { bytesText, timeText } from "../quantity.ts";
import { accountFor } from "../signed-in.ts";
import { meantPath } from "../synced-path.ts";
import { printable } from "../terminal.ts";
import type { World } from "../world.ts";

/** After a change, by its number, or from a moment on, in ms since 1970. */
export type Since = { readonly seq: Seq } | { readonly ms: number };
export type LogOptions = { readonly since?: Since; readonly path?: string; readonly json?: true };

export async function log(dir: string | undefined, { since = { ms: 0 }, path, json }: LogOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: json === true });
  const home = await world.openHome();
  const meant = path === undefined ? undefined : await meantPath(home, path, world.cwd);
  await using connection = openConnection(home, meant?.account ?? (await accountFor(home, dir, world.cwd)));
  const history = createHistoryEdge(connection.call);
  const about = await questionOf(history, meant?.paths);
  const start = "seq" in since ? { from: 0, after: since.seq } : { from: since.ms };
  let found = 0;
  for await (const entry of entries(history, { ...start, ...about })) {
    found++;
    const { seq, at, type, path: entryPath, kind, size, version, node, device, deviceName } = entry;
    const from = fromPath(entry);
    const what = { path: entryPath, from: from ?? null, kind, size, version, node };
    terminal.emit({ type: "change", seq, atMs: at, change: type, ...what, device, deviceName });
    const content = kind === "folder" || type === "delete" ? "" : terminal.paint.dim(` ${bytesText(size)}`);
    const by = terminal.paint.dim(` by ${printable(deviceName ?? "a former device")}`);
    const origin = from === undefined ? "" : terminal.paint.dim(` (was ${printable(from)})`);
    terminal.say(`${String(seq).padStart(6)}  ${timeText(at)}  ${type.padEnd(7)}  ${printable(entryPath)}${origin}${content}${by}`);
  }
  if (found === 0)
    terminal.say(
      path === undefined ? "Nothing happened in that time." : `Nothing is known to have happened to ${printable(path)} in that time.`,
    );
  return exitCodes.done;
}

/** Of a move: the path before, or the name alone where it came from another folder. */
function fromPath({ type, path, from, parent }: LogEntry): string | undefined {
  if (type !== "move" || from === null) return undefined;
  const slash = path.lastIndexOf("/");
  const before = from.parent === parent ? path.slice(0, slash + 1) + from.name : from.name;
  return before === path ? undefined : before;
}

/** By its path then, and where there is something by that path, also what happened to it under others. */
async function questionOf(history: HistoryEdge, paths: readonly string[] = []): Promise<{ path?: string; node?: NodeId }> {
  for (const path of paths) {
    if (path === "") return {};
    try {
      const node = (await history.find(path)).chain.at(-1)?.node;
      return node === undefined ? {} : { path, node };
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== "not-found") throw error;
    }
  }
  const [path] = paths;
  return path === undefined ? {} : { path };
}

async function* entries(history: HistoryEdge, question: LogQuestion): AsyncGenerator<LogEntry> {
  let head: Seq | undefined;
  let after = question.after;
  for (;;) {
    const page = await history.log({ ...question, after });
    // Until the head as it was at the first page.
    head ??= page.head;
    yield* page.entries;
    if (page.next === null || page.next >= head) return;
    after = page.next;
  }
}
