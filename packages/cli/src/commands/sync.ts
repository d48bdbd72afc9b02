import { randomBytes } from "node:crypto";
import type { EngineEvent, Outcome, ReconcileDepth } from "@ashlar/client/engine/types";
import { claimFolder } from "@ashlar/client/node/claim-folder";
import { lockFolder } from "@ashlar/client/node/folder-lock";
import type { Home, RegisteredFolder } from "@ashlar/client/node/home";
import { openClient, type Client } from "@ashlar/client/node/open-client";
import { eventLines } from "../event-text.ts";
import { exitCodes, FailedError, UsageError, type ExitCode } from "../exit-code.ts";
import { progressText, rateMeter } from "../progress-line.ts";
import { progressTally } from "../progress.ts";
import { countText, durationText, timeText } from "../quantity.ts";
import { sentence } from "../sentence.ts";
import { printable, type Terminal } from "../terminal.ts";
import type { World } from "../world.ts";

export type SyncOptions = {
  readonly once?: true;
  readonly json?: true;
  readonly allowMassDelete?: true;
  readonly timeout?: number;
  /** Compare everything first. */
  readonly reconcile?: ReconcileDepth;
};

const progressEveryMs = 200;

export async function sync(dir: string, options: SyncOptions, world: World): Promise<ExitCode> {
  if (options.timeout !== undefined && options.once !== true) throw new UsageError("--timeout limits `sync --once`: add --once.");
  const terminal = world.openTerminal({ json: options.json === true });
  const stop = world.stopSignal();
  const home = await world.openHome();
  const claimed = await folderFor(home, dir, terminal);
  if (claimed === undefined) return exitCodes.needsPerson;
  const { folder } = claimed;
  const account = await home.account(folder.user);
  if (account === undefined)
    throw new FailedError(`The account that ${printable(folder.path)} belongs to is signed out here: sign in again with \`ashlar login\`.`);
  await using lock = await holdFolder(home, claimed, world.now());
  void lock;

  const tally = progressTally();
  const lineOf = eventLines(terminal.paint);
  let isWarned = options.once !== true;
  const onEvent = (event: EngineEvent) => {
    tally.add(event);
    terminal.emit(event);
    const text = lineOf(event);
    // Somebody waits for the end, and is told at once, also by a script, why it does not come.
    if (event.type === "offline" && !isWarned) {
      isWarned = true;
      terminal.warn(
        `${terminal.paint.yellow("ashlar:")} ${sentence(printable(event.why))} It is tried again and again; Ctrl-C is safe, the next run goes on from here.`,
      );
    } else if (text !== undefined) terminal.say(text);
  };
  await using client = openClient({ home, folder, account, allowMassDelete: options.allowMassDelete === true, onEvent });
  if (options.reconcile !== undefined) client.reconcile(options.reconcile);
  using moving = showProgress(client, tally, terminal, world);
  void moving;
  terminal.emit({ type: "start", folder: folder.path, server: account.server, email: account.email });
  terminal.say(`Syncing ${printable(folder.path)} with ${account.server} as ${printable(account.email)}.`);
  // Awaited here: at the end of this block the client is closed.
  return await (options.once === true ? once(client, stop, options.timeout, terminal) : keepEqual(client, stop, terminal));
}

async function keepEqual(client: Client, stop: AbortSignal, terminal: Terminal): Promise<ExitCode> {
  await client.run(stop);
  terminal.emit({ type: "stopped" });
  terminal.say("Stopped. What was done stays; the next `ashlar sync` goes on from here.");
  return exitCodes.done;
}

async function once(client: Client, stop: AbortSignal, timeoutSeconds: number | undefined, terminal: Terminal): Promise<ExitCode> {
  const limit = timeoutSeconds === undefined ? undefined : AbortSignal.timeout(timeoutSeconds * 1000);
  let outcome: Outcome;
  try {
    outcome = await client.syncOnce(limit === undefined ? stop : AbortSignal.any([stop, limit]));
  } catch (error) {
    if (stop.aborted) throw new FailedError("Stopped before both sides were equal. Run it again to go on from here.", { cause: error });
    if (limit?.aborted !== true || timeoutSeconds === undefined) throw error;
    const time = durationText(timeoutSeconds * 1000);
    throw new FailedError(`Both sides were not equal within ${time}. What was done stays; run it again to go on from here.`, {
      cause: error,
    });
  }
  const { state, conflicts, waiting, question } = outcome;
  terminal.emit({ type: "outcome", state, conflicts, waiting, question: question ?? null });
  terminal.say(summary(outcome));
  return state === "equal" && conflicts.length === 0 ? exitCodes.done : exitCodes.needsPerson;
}

function summary({ state, conflicts, waiting, question }: Outcome): string {
  if (state === "needs-person") return `Not equal yet: ${printable(question ?? "a person has to decide")}`;
  const parts = [];
  if (waiting.length > 0) parts.push(countText(waiting.length, "item waits", "items wait"));
  if (conflicts.length > 0) parts.push(countText(conflicts.length, "conflict"));
  return parts.length === 0 ? "Both sides are equal." : `Both sides are equal, but for: ${parts.join(", ")}. \`ashlar status\` shows them.`;
}

type Claimed = { readonly folder: RegisteredFolder; readonly isNew: boolean };

/** The folder to sync; undefined when it has vanished, which was said then. */
async function folderFor(home: Home, dir: string, terminal: Terminal): Promise<Claimed | undefined> {
  const current = await home.currentAccount();
  const claim = await claimFolder(home, { path: dir, user: current?.session.user, random: randomBytes });
  switch (claim.type) {
    case "known":
    case "new":
      return { folder: claim.folder, isNew: claim.type === "new" };
    case "vanished": {
      const question = `${printable(claim.folder.path)} was synced before and is not there now. Mount its disk or move it back. If it is gone for good, sync another folder: everything is still on the server.`;
      terminal.emit({ type: "needs-person", question });
      terminal.warn(`${terminal.paint.red("ashlar:")} ${question}`);
      return undefined;
    }
    case "overlaps":
      throw new UsageError(
        `${printable(dir)} overlaps ${printable(claim.other.path)}, which is synced already: sync the one or the other.`,
      );
    case "holds-home":
      throw new UsageError(
        `${printable(dir)} and Ashlar's own state in ${printable(claim.home)} may not hold one another: sync another folder, or set ASHLAR_HOME.`,
      );
    case "not-a-folder":
      throw new UsageError(`${printable(claim.path)} is not a folder.`);
    case "refused":
      throw new FailedError(`${printable(claim.path)} cannot be synced: ${whyNot(claim.code)}`);
    case "no-account":
      throw new FailedError("This device is not signed in. Sign in with `ashlar login --server URL --email ADDRESS`.");
  }
}

function whyNot(code: string): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "this user may not enter it, or not write there.";
    case "EEXIST":
    case "ENOENT":
      return "it is not there and cannot be made. Something else stands in its place, such as a link that leads nowhere, or the system allows no folders there.";
    case "ENOSPC":
      return "it is not there, and the disk is too full to make it.";
    case "EROFS":
      return "it is not there, and its disk is mounted to be read only.";
    default:
      return `the system says ${code}.`;
  }
}

async function holdFolder(home: Home, { folder, isNew }: Claimed, now: number): Promise<AsyncDisposable> {
  const lock = await lockFolder(home.paths(folder), now, { root: folder.path, isNew });
  if (!("heldBy" in lock)) return lock;
  const { heldBy } = lock;
  // Nothing was synced from here: there is nothing to remember.
  if (isNew && heldBy === "other-home") await home.forget(folder);
  if (heldBy === "other-home")
    throw new FailedError(
      `${printable(folder.path)} is being synced already by a process with another ASHLAR_HOME than ${printable(home.directory)}. Two would undo each other's work: end that one, or leave it to it.`,
    );
  const who = heldBy === undefined ? "another process" : `process ${heldBy.pid}, since ${timeText(heldBy.since)}`;
  throw new FailedError(
    `${printable(folder.path)} is being synced already by ${who}. One is enough: \`ashlar status\` shows how far it is.`,
  );
}

function showProgress(client: Client, tally: ReturnType<typeof progressTally>, terminal: Terminal, world: World): Disposable {
  const meter = rateMeter();
  const move = () => {
    const progress = tally.at(client.status().pending);
    terminal.progress(progress === undefined ? "" : progressText(progress, meter.at(world.now(), progress.bytesDone)));
  };
  const timer = terminal.moves ? setInterval(move, progressEveryMs) : undefined;
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      terminal.progress("");
    },
  };
}
