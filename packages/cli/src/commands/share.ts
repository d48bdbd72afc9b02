import { createHistoryEdge } from "@ashlar/client/edge/history";
import * as edge from "@ashlar/client/edge/shares";
import { openConnection } from "@ashlar/client/node/connection";
import { shareIdSchema } from "@ashlar/shared/ids";
import { passwordCharsMax, sharePasswordCharsMin } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Share } from "@ashlar/shared/protocol/share";
import { exitCodes, FailedError, UsageError, type ExitCode } from "../exit-code.ts";
import { countText, timeText } from "../quantity.ts";
import { currentAccount } from "../signed-in.ts";
import { findMeant, meantPath } from "../synced-path.ts";
import { printable, type Terminal } from "../terminal.ts";
import type { World } from "../world.ts";

export type ShareOptions = {
  readonly passwordStdin?: true;
  /** ms since 1970. */
  readonly expires?: number;
  readonly downloads?: number;
  readonly list?: true;
  readonly revoke?: string;
  readonly json?: true;
};

/** One of three: make a share, list them, end one. */
export async function share(path: string | undefined, options: ShareOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const asked = [path !== undefined, options.list === true, options.revoke !== undefined].filter((one) => one).length;
  if (asked !== 1) throw new UsageError("Name one thing: a PATH to share, --list, or --revoke ID.");
  const settings = options.passwordStdin === true || options.expires !== undefined || options.downloads !== undefined;
  if (path === undefined && settings) throw new UsageError("--password-stdin, --expires and --downloads go with a PATH.");
  if (path !== undefined) return make(path, options, world, terminal);
  return options.revoke === undefined ? list(world, terminal) : revoke(options.revoke, world, terminal);
}

async function make(path: string, options: ShareOptions, world: World, terminal: Terminal): Promise<ExitCode> {
  const password = options.passwordStdin === true ? await passwordFrom(world) : undefined;
  const home = await world.openHome();
  const meant = await meantPath(home, path, world.cwd);
  await using connection = openConnection(home, meant.account);
  const found = await findMeant(createHistoryEdge(connection.call), meant);
  const node = found.chain.at(-1);
  if (node === undefined) throw new UsageError("Share a file or a folder in the synced folder, not everything.");
  if (node.deletedAt !== null) throw new FailedError(`${printable(found.path)} was deleted: \`ashlar restore\` brings it back.`);
  if (node.kind === "symlink") throw new FailedError(`${printable(found.path)} is a symbolic link: share what it leads to.`);
  const made = await edge.createShare(connection.call, {
    node: node.node,
    ...(password !== undefined && { password }),
    ...(options.expires !== undefined && { expiresAt: options.expires }),
    ...(options.downloads !== undefined && { downloadsMax: options.downloads }),
  });
  const link = linkOf(meant.account.server, made);
  terminal.emit(lineOf(made, link));
  terminal.say(link ?? "");
  terminal.say(terminal.paint.dim(`${termsOf(made)}. \`ashlar share --revoke ${made.id}\` ends it.`));
  return exitCodes.done;
}

async function list(world: World, terminal: Terminal): Promise<ExitCode> {
  const home = await world.openHome();
  const account = await currentAccount(home);
  await using connection = openConnection(home, account);
  const shares = await edge.listShares(connection.call);
  for (const one of shares) {
    const link = linkOf(account.server, one);
    terminal.emit(lineOf(one, link));
    const isOver = one.expiresAt !== null && one.expiresAt <= world.now();
    terminal.say(`${one.id}  ${terminal.paint.bold(printable(one.path ?? "(deleted)"))}  ${isOver ? "expired" : termsOf(one)}`);
    terminal.say(`  ${link ?? "made with another key of the server: the link is good, and cannot be shown"}`);
  }
  if (shares.length === 0) terminal.say("Nothing is shared.");
  return exitCodes.done;
}

async function revoke(text: string, world: World, terminal: Terminal): Promise<ExitCode> {
  const id = shareIdSchema.safeParse(text);
  if (!id.success) throw new UsageError(`"${printable(text)}" is not a share: \`ashlar share --list\` lists them.`);
  const home = await world.openHome();
  await using connection = openConnection(home, await currentAccount(home));
  try {
    await edge.endShare(connection.call, id.data);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== "not-found") throw error;
    throw new FailedError(`There is no share ${id.data} (any more): \`ashlar share --list\` lists them.`, { cause: error });
  }
  terminal.emit({ type: "share-ended", id: id.data });
  terminal.say("The link is no longer good.");
  return exitCodes.done;
}

async function passwordFrom(world: World): Promise<string> {
  const line = await world.prompt.readLine();
  if (line === undefined) throw new UsageError("--password-stdin found no password on the first line of standard input.");
  if (line.length < sharePasswordCharsMin || line.length > passwordCharsMax)
    throw new UsageError(`A share's password has ${sharePasswordCharsMin} to ${passwordCharsMax} characters.`);
  return line;
}

const linkOf = (server: string, { url }: Share): string | null => (url === null ? null : new URL(url, server).href);

function lineOf({ id, node, path, hasPassword, createdAt, expiresAt, downloadsMax, downloads }: Share, link: string | null): object {
  return { type: "share", id, node, path, link, hasPassword, createdAtMs: createdAt, expiresAtMs: expiresAt, downloadsMax, downloads };
}

function termsOf({ hasPassword, expiresAt, downloadsMax, downloads }: Share): string {
  const used = downloadsMax === null ? countText(downloads, "download") : `${downloads} of ${countText(downloadsMax, "download")}`;
  const until = expiresAt === null ? "until it is ended" : `until ${timeText(expiresAt)}`;
  return `${hasPassword ? "with a password" : "without a password"}, ${until}, ${used}`;
}
