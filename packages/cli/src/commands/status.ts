import type { Status, WaitingItem } from "@ashlar/client/engine/types";
import { hasVanished } from "@ashlar/client/node/claim-folder";
import { folderHolder } from "@ashlar/client/node/folder-lock";
import { folderStatus, type FolderStatus, type Unknown } from "@ashlar/client/node/folder-status";
import type { Account, Home, RegisteredFolder } from "@ashlar/client/node/home";
import type { Usage } from "@ashlar/shared/protocol/usage";
import { placeText } from "../event-text.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { knownFolders } from "../known-folders.ts";
import { bytesText, countText, timeText } from "../quantity.ts";
import { queuedItems, queuedLines, stateFullText } from "../queued.ts";
import { sentence } from "../sentence.ts";
import { printable, type Paint, type Terminal } from "../terminal.ts";
import type { World } from "../world.ts";

/** Items that are only queued: more than a person reads, and with `--json` as many as fit a line. */
const shownMax = 100;
const namedMax = 100_000;

export async function showStatus(dir: string | undefined, options: { readonly json?: true }, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const home = await world.openHome();
  const queuedMax = options.json === true ? namedMax : shownMax;
  let code: ExitCode = exitCodes.done;
  for (const folder of await knownFolders(home, dir, world.cwd)) {
    const status = folderStatus(home.paths(folder), queuedMax);
    if (await showFolder(home, folder, status, terminal)) code = exitCodes.needsPerson;
  }
  return code;
}

function needsPerson({ question, conflicts, waiting, isStateFull }: FolderStatus): boolean {
  return isStateFull || question !== undefined || conflicts.length > 0 || waiting.length > 0;
}

/** Whether the folder needs a person. */
async function showFolder(home: Home, folder: RegisteredFolder, status: FolderStatus | Unknown, terminal: Terminal): Promise<boolean> {
  const [account, holder] = await Promise.all([home.account(folder.user), folderHolder(home.paths(folder))]);
  const known = typeof status === "string" ? undefined : status;
  const isThere = !(await hasVanished(folder));
  const running =
    holder === undefined ? null : holder === "unknown" ? { pid: null, sinceMs: null } : { pid: holder.pid, sinceMs: holder.since };
  const usage = known === undefined || known.state === "offline" ? undefined : await usageOf(home, account);
  terminal.emit({
    type: "status",
    folder: folder.path,
    server: account?.server ?? null,
    email: account?.email ?? null,
    signedIn: isSignedIn(account),
    isThere,
    running,
    ...(known === undefined
      ? { state: "stopped", database: status }
      : {
          ...known,
          question: known.question ?? null,
          outage: known.outage ?? null,
          queued: queuedItems(known, running !== null),
          usage: usageFields(usage),
        }),
  });
  for (const line of describe({ folder, account, isThere, running: running !== null, status, paint: terminal.paint })) terminal.say(line);
  if (usage !== undefined) terminal.say(`  ${usageText(usage, terminal.paint)}`);
  return !isSignedIn(account) || !isThere || (known !== undefined && needsPerson(known));
}

/** The network is loaded for it alone. */
async function usageOf(home: Home, account: Account | undefined): Promise<Usage | undefined> {
  if (account === undefined || !isSignedIn(account)) return undefined;
  const { accountUsage } = await import("../account-usage.ts");
  return accountUsage(home, account);
}

function usageFields(usage: Usage | undefined) {
  return usage === undefined ? null : { bytes: usage.current.bytes, quotaBytes: usage.quotaBytes, historyBytes: usage.history.bytes };
}

function usageText({ current, quotaBytes, history }: Usage, paint: Paint): string {
  const used = `${bytesText(current.bytes)} of ${bytesText(quotaBytes)} used, and ${bytesText(history.bytes)} of history`;
  return current.bytes < quotaBytes ? used : paint.yellow(used);
}

function isSignedIn(account: Account | undefined): boolean {
  return account !== undefined && account.ended !== true;
}

const unknownTexts: Readonly<Record<Unknown, string>> = {
  absent: "nothing is noted of it yet: the first sync compares both sides, and deletes nothing",
  damaged: "what was noted of it is damaged: the next sync puts that aside and compares both sides anew, and deletes nothing",
  "other-version": "what was noted of it is of another version of Ashlar: the next sync compares both sides anew, and deletes nothing",
};

type Described = {
  readonly folder: RegisteredFolder;
  readonly account: Account | undefined;
  readonly isThere: boolean;
  readonly running: boolean;
  readonly status: FolderStatus | Unknown;
  readonly paint: Paint;
};

function describe({ folder, account, isThere, running, status, paint }: Described): string[] {
  const whose = account === undefined ? "no account" : printable(account.email);
  const lines = [`${paint.bold(printable(folder.path))} (${whose})`];
  if (!isSignedIn(account)) {
    const login = account === undefined ? "ashlar login" : `ashlar login --server ${account.server} --email ${printable(account.email)}`;
    lines.push(`  ${paint.red("needs you:")} this device is signed out. Sign in again with \`${login}\`.`);
  }
  // A sync that runs asks the same itself.
  if (!isThere && (typeof status === "string" || status.question === undefined))
    lines.push(
      `  ${paint.red("needs you:")} the folder is not there. Mount its disk or move it back: nothing is deleted anywhere meanwhile.`,
    );
  lines.push(`  ${running ? "being synced now" : `not being synced now: \`ashlar sync ${printable(folder.path)}\` starts it`}`);
  if (typeof status === "string") return [...lines, `  ${unknownTexts[status]}`];

  if (running) lines.push(`  ${stateText(status, paint)}`);
  if (status.outage !== undefined)
    lines.push(
      `  ${paint.yellow("offline:")} since ${timeText(status.outage.sinceMs)}. ${sentence(printable(status.outage.why))} Next try ${timeText(status.outage.nextTryMs)}.`,
    );
  lines.push(
    `  last known equal: ${status.lastSyncedAtMs === null ? "never yet" : timeText(status.lastSyncedAtMs)}; told of changes up to ${status.cursor}`,
  );
  if (status.pending > 0) lines.push(`  ${countText(status.pending, "item")} to sync`);
  for (const line of queuedLines(status, running)) lines.push(`  ${line}`);
  if (running && status.isStateFull) lines.push(`  ${paint.red("needs you:")} ${stateFullText}`);
  if (running && status.unwatched > 0)
    lines.push(
      `  ${paint.yellow("watches:")} the system has none left for ${countText(status.unwatched, "folder")}; changes there are seen every ten minutes. Allow more (sysctl fs.inotify.max_user_watches on Linux).`,
    );
  if (status.question !== undefined) lines.push(`  ${paint.red("needs you:")} ${printable(status.question)}`);
  for (const item of status.waiting) lines.push(`  ${waitingText(item, paint)}`);
  for (const { path, copy, atMs } of status.conflicts)
    lines.push(
      `  ${paint.yellow("conflict:")} ${printable(path)} has a second version, ${printable(copy)}. Keep what you want of both, and delete the copy. (since ${timeText(atMs)})`,
    );
  return lines;
}

function stateText({ state, feed }: Status, paint: Paint): string {
  switch (state) {
    case "equal":
      return paint.green(feed === "live" ? "equal, and told of changes at once" : "equal, looking for changes from time to time");
    case "starting":
      return "starting";
    case "working":
      return "syncing";
    case "waiting":
      return paint.yellow("all but what waits is equal");
    case "offline":
      return paint.yellow("the server cannot be reached; trying again");
    case "needs-person":
      return paint.red("stopped until you decide");
    case "stopped":
      return "stopping";
  }
}

function waitingText({ path, detail, sinceMs, nextTryMs }: WaitingItem, paint: Paint): string {
  const next = nextTryMs === null ? ", looked at again when it changes" : `, next try ${timeText(nextTryMs)}`;
  return `${paint.yellow("waits:")} ${placeText(path)}: ${printable(detail)} (since ${timeText(sinceMs)}${next})`;
}
