import { createHistoryEdge, type HistoryEdge } from "@ashlar/client/edge/history";
import { planRestore, updateTo } from "@ashlar/client/history/restore";
import { openConnection } from "@ashlar/client/node/connection";
import type { Step } from "@ashlar/shared/history/steps";
import type { Found, PastNode, VersionRow } from "@ashlar/shared/protocol/history";
import { exitCodes, FailedError, UsageError, type ExitCode } from "../exit-code.ts";
import { bytesText, countText, timeText } from "../quantity.ts";
import { carryOutShown, dateText } from "../steps-out.ts";
import { findMeant, meantPath } from "../synced-path.ts";
import { printable } from "../terminal.ts";
import type { World } from "../world.ts";

export type RestoreOptions = { readonly version?: number; readonly json?: true };

type Restoration = {
  readonly steps: readonly Step[];
  readonly version: VersionRow | undefined;
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  readonly goOn: string;
};

export async function restore(path: string, options: RestoreOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const signal = world.stopSignal();
  const home = await world.openHome();
  const meant = await meantPath(home, path, world.cwd);
  await using connection = openConnection(home, meant.account);
  const history = createHistoryEdge(connection.call);
  const { chain, path: foundPath } = await findMeant(history, meant);
  const node = chain.at(-1);
  if (node === undefined)
    throw new UsageError("The synced folder itself is never deleted: name a file or folder in it, or use `ashlar rewind`.");

  const found = { chain, node, path: foundPath };
  const plan =
    node.deletedAt === null ? await toOlder(history, found, options.version) : await fromTrash(history, found, options.version, signal);
  const { version, files, folders, bytes, goOn } = plan;
  let restoredPath = foundPath;
  const left = await carryOutShown(plan.steps, {
    connection,
    terminal,
    signal,
    date: dateText(world.now()),
    goOn,
    onChange: (change) => {
      if (change.node === node.node) restoredPath = change.path;
    },
  });
  const refused = left.map(({ step, reason }) => ({ node: step.node, reason }));
  terminal.emit({
    type: "restored",
    path: restoredPath,
    node: node.node,
    version: version?.version ?? null,
    files,
    folders,
    bytes,
    left: refused,
  });
  const what =
    version === undefined ? wholeText(plan) : `version ${version.version} of ${timeText(version.createdAt)}, ${bytesText(version.size)}`;
  terminal.say(`Restored ${printable(restoredPath)}: ${what}. A device that syncs has it in a moment.`);
  if (left.length === 0) return exitCodes.done;
  terminal.warn(`${terminal.paint.yellow("ashlar:")} ${countText(left.length, "item")} changed meanwhile and stayed as they are. ${goOn}`);
  return exitCodes.needsPerson;
}

function wholeText({ files, folders, bytes }: Restoration): string {
  if (folders === 0) return bytesText(bytes);
  return `${countText(folders, "folder")} with ${countText(files, "file")}, ${bytesText(bytes)}`;
}

type FoundNode = { readonly chain: Found["chain"]; readonly node: PastNode; readonly path: string };

async function toOlder(history: HistoryEdge, { node, path }: FoundNode, wanted: number | undefined): Promise<Restoration> {
  if (node.kind === "folder") {
    const how = `\`ashlar rewind\` with --to takes it back to a moment, and \`ashlar trash\` lists what was deleted in it`;
    throw new UsageError(`${printable(path)} is a folder, and is there: ${how}.`);
  }
  if (wanted === node.version) throw new UsageError(`Version ${wanted} is the one that is there now.`);
  const version = await versionOf(history, node, wanted ?? node.version - 1);
  if (version === undefined) {
    const none = wanted === undefined ? "has no version before the one that is there now" : `has no version ${wanted} (any more)`;
    throw new FailedError(`${printable(path)} ${none}: \`ashlar versions\` lists them.`);
  }
  return { steps: [updateTo(node, version)], version, files: 1, folders: 0, bytes: version.size, goOn: "Run it again." };
}

async function fromTrash(
  history: HistoryEdge,
  { chain, node, path }: FoundNode,
  wanted: number | undefined,
  signal: AbortSignal,
): Promise<Restoration> {
  const plan = await planRestore(history, chain, signal);
  const moment = new Date(plan.firstDeletedAt - 1).toISOString();
  const goOn = node.kind === "folder" ? `\`ashlar rewind '${printable(path)}' --to ${moment}\` brings back what is left.` : "Run it again.";
  if (wanted === undefined || wanted === node.version) return { ...plan, version: undefined, goOn };
  if (node.kind === "folder") throw new UsageError("--version is for files.");
  const version = await versionOf(history, node, wanted);
  if (version === undefined)
    throw new FailedError(`${printable(path)} has no version ${wanted} (any more): \`ashlar versions\` lists them.`);
  return { ...plan, steps: [...plan.steps, updateTo(node, version)], version, goOn };
}

async function versionOf(history: HistoryEdge, node: PastNode, version: number): Promise<VersionRow | undefined> {
  const found = (await history.versions(node.node, version + 1)).versions[0];
  return found?.version === version ? found : undefined;
}
