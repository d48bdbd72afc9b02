/** The arguments: what there is to say, and which command it is handed to. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import manifest from "../package.json" with { type: "json" };
import { exitCodes, type ExitCode } from "./exit-code.ts";
import type { Since } from "./commands/log.ts";
import { parseExpiry } from "./expiry.ts";
import { failure } from "./failure.ts";
import { momentHelp, parseMoment } from "./moment.ts";
import type { World } from "./world.ts";

const exits = `
Exit status:
  0  done
  1  failed
  2  wrong usage
  3  done, but there are conflicts, or files that need a person`;

const statusExits = `
Exit status:
  0  done; nothing needs you, though there may be changes still to sync
  1  failed
  2  wrong usage
  3  a folder has conflicts, waiting items or an open question, or this device is signed out`;

const doctorExits = `
Exit status:
  0  nothing was found but what the next sync mends by itself
  1  failed
  2  wrong usage
  3  something needs you, if only \`ashlar reconcile\``;

/** Loaded when called for: the network and the engine take a while, and most commands need neither. */
const commands = {
  login: () => import("./commands/login.ts"),
  logout: () => import("./commands/logout.ts"),
  sync: () => import("./commands/sync.ts"),
  status: () => import("./commands/status.ts"),
  refresh: () => import("./commands/refresh.ts"),
  doctor: () => import("./commands/doctor.ts"),
  reconcile: () => import("./commands/reconcile.ts"),
  log: () => import("./commands/log.ts"),
  versions: () => import("./commands/versions.ts"),
  restore: () => import("./commands/restore.ts"),
  trash: () => import("./commands/trash.ts"),
  rewind: () => import("./commands/rewind.ts"),
  devices: () => import("./commands/devices.ts"),
  share: () => import("./commands/share.ts"),
};

/** Runs one command line, without the program's own name, and answers the exit status. */
export async function runProgram(args: readonly string[], world: World): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const program = build(world, (result) => (code = result));
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    const { message, exitCode } = failure(error);
    const terminal = world.openTerminal({ json: args.includes("--json") });
    terminal.emit({ type: "error", message, exitCode });
    terminal.warn(`${terminal.paint.red("ashlar:")} ${message}`);
    return exitCode;
  }
}

function build(world: World, answer: (code: ExitCode) => void): Command {
  const terminal = world.openTerminal({ json: false });
  const program = new Command("ashlar")
    .description("Keeps folders equal on all of your devices.")
    .version(manifest.version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .showHelpAfterError("(ashlar --help shows what there is)")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.say(text.trimEnd()), writeErr: (text) => terminal.warn(text.trimEnd()) })
    .addHelpText(
      "after",
      `
Examples:
  ashlar login --server http://localhost:8787 --email ada@example.org --register
  ashlar sync ~/Documents              keep a folder equal until Ctrl-C
  ashlar sync ~/Documents --once       make it equal, then end
  ashlar status
${exits}

State is kept in ASHLAR_HOME (default: ${world.defaultHome}).`,
    );

  program
    .command("login")
    .description("Sign this device in: with --email by password, else by a code to confirm in a browser. Asks for what is missing.")
    .option("--server <url>", "address of the server")
    .option("--email <address>", "e-mail address of the account")
    .option("--register", "make a new account")
    .option("--password-stdin", "read the password from the first line of standard input")
    .option("--device <name>", "what this device is called (default: this machine's name)")
    .addHelpText(
      "after",
      `
Examples:
  ashlar login --server https://files.example.org
  ashlar login --server https://files.example.org --email ada@example.org
  echo "$PASSWORD" | ashlar login --server http://localhost:8787 --email ada@example.org --register --password-stdin`,
    )
    .action(async (options) => answer(await (await commands.login()).login(options, world)));

  program
    .command("logout")
    .description("Sign this device out. Synced folders stay as they are on this disk.")
    .action(async () => answer(await (await commands.logout()).logout(world)));

  program
    .command("sync")
    .description("Keep a folder equal to the account's other devices, until Ctrl-C.")
    .argument("<dir>", "the folder; made if it does not exist")
    .option("--once", "end when both sides are equal")
    .option("--timeout <seconds>", "with --once: fail when both sides are not equal by then (default: no limit)", seconds)
    .option("--json", "one JSON object per line for every event")
    .option("--allow-mass-delete", "carry out deletions that would otherwise be asked about")
    .addHelpText(
      "after",
      `
Examples:
  ashlar sync ~/Documents
  ashlar sync ./photos --once --json
${exits}`,
    )
    .action(async (dir, options) => answer(await (await commands.sync()).sync(dir, options, world)));

  program
    .command("status")
    .description("Show how far a synced folder is, and what waits for what. Without a folder: the one around here, else all.")
    .argument("[dir]", "a synced folder, or a path inside it")
    .option("--json", "one JSON object per line for every folder")
    .addHelpText("after", statusExits)
    .action(async (dir, options) => answer(await (await commands.status()).showStatus(dir, options, world)));

  program
    .command("refresh")
    .description("Have the process that syncs a folder look at disk and server at once, and try again what waits.")
    .argument("[dir]", "a synced folder, or a path inside it")
    .action(async (dir) => answer(await (await commands.refresh()).refresh(dir, world)));

  program
    .command("doctor")
    .description("Compare disk, database and server, and say what differs. Changes nothing; works while the folder is being synced.")
    .argument("[dir]", "a synced folder, or a path inside it")
    .option("--deep", "read every file and ask the server for every block, too")
    .option("--json", "one JSON object per line for every finding")
    .addHelpText("after", doctorExits)
    .action(async (dir, options) => answer(await (await commands.doctor()).doctor(dir, options, world)));

  program
    .command("reconcile")
    .description("Compare everything with the server and mend what differs. Deletes nothing but what was agreed to be deleted.")
    .argument("[dir]", "a synced folder, or a path inside it")
    .option("--deep", "ask the server for every block, not for a sample")
    .option("--json", "one JSON object per line for every event")
    .addHelpText("after", exits)
    .action(async (dir, options) => answer(await (await commands.reconcile()).reconcile(dir, options, world)));

  program
    .command("log")
    .description("List who changed what and when, of the last 30 days, oldest first.")
    .argument("[dir]", "a synced folder: its account's changes")
    .option("--since <time>", `only changes since ${momentHelp}, or after the change of this number`, since(world))
    .option("--path <path>", "only what happened to this file or folder, and in it")
    .option("--json", "one JSON object per line for every change")
    .addHelpText(
      "after",
      `
Examples:
  ashlar log --since 2h
  ashlar log --path docs/report.txt
  ashlar log ~/Documents --since 1200 --json`,
    )
    .action(async (dir, options) => answer(await (await commands.log()).log(dir, options, world)));

  addHistory(program, world, answer);

  program
    .command("share")
    .description("Make a link to a file or folder for people without an account, as it is whenever they look; list the links, or end one.")
    .argument("[path]", "relative to the synced folder, or a path inside it")
    .option("--password-stdin", "ask visitors for a password: the first line of standard input")
    .option("--expires <time>", "end by itself after a time such as 12h, 7d or 2w", (text) => parseExpiry(text, world.now()))
    .option("--downloads <n>", "end by itself after so many files and archives were fetched", wholeNumber)
    .option("--list", "list the account's links")
    .option("--revoke <id>", "end a link, as `--list` shows it")
    .option("--json", "one JSON object per line")
    .addHelpText(
      "after",
      `
Examples:
  ashlar share photos/2026 --expires 7d
  echo "$PASSWORD" | ashlar share report.pdf --password-stdin --downloads 3
  ashlar share --list`,
    )
    .action(async (path, options) => answer(await (await commands.share()).share(path, options, world)));

  const deviceCommand = program
    .command("devices")
    .description("List the devices that are signed in.")
    .option("--json", "one JSON object per line for every device")
    .action(async (options) => answer(await (await commands.devices()).devices(options, world)));
  deviceCommand
    .command("revoke")
    .description("Sign a device out, wherever it is. Its files stay on its disk.")
    .argument("<id>", "as `ashlar devices` shows it")
    .action(async (id) => answer(await (await commands.devices()).revokeDevice(id, world)));
  return program;
}

function addHistory(program: Command, world: World, answer: (code: ExitCode) => void): void {
  program
    .command("versions")
    .description("List the versions of a file that are kept, newest first.")
    .argument("<path>", "relative to the synced folder, or a path inside it")
    .option("--json", "one JSON object per line for every version")
    .action(async (path, options) => answer(await (await commands.versions()).versions(path, options, world)));

  program
    .command("restore")
    .description("Bring back a deleted file or folder with all that was deleted with it, or an older version of a file.")
    .argument("<path>", "relative to the synced folder, or a path inside it")
    .option("--version <n>", "this version (default: the one before; of a deleted file its last)", wholeNumber)
    .option("--json", "one JSON object per line")
    .addHelpText(
      "after",
      `
A restored version is a new version, and what comes back where something else stands by now gets another name: nothing is lost.

Examples:
  ashlar restore docs/report.txt
  ashlar restore docs/report.txt --version 3
  ashlar restore photos
${exits}`,
    )
    .action(async (path, options) => answer(await (await commands.restore()).restore(path, options, world)));

  program
    .command("trash")
    .description("List what was deleted in the last 30 days, newest first. A folder stands for all that was deleted with it.")
    .argument("[dir]", "a synced folder: its account's trash")
    .option("--json", "one JSON object per line for every file or folder")
    .action(async (dir, options) => answer(await (await commands.trash()).trash(dir, options, world)));

  program
    .command("rewind")
    .description("Take a folder, a file or everything back to how it was at a moment. Shows what would be done, and asks.")
    .argument("<path>", "relative to the synced folder, or a path inside it; . for everything")
    .requiredOption("--to <time>", momentHelp, (text) => parseMoment(text, world.now()))
    .option("--yes", "carry it out without asking")
    .option("--json", "one JSON object per line")
    .addHelpText(
      "after",
      `
Nothing is lost: the state before stays in history for 30 days, so that a rewind can be rewound. One that was stopped goes on
when it is run again.

Examples:
  ashlar rewind . --to 2h
  ashlar rewind photos --to "yesterday 14:00"
  ashlar rewind docs --to 2026-11-22T14:00 --yes
${exits}`,
    )
    .action(async (path, options) => answer(await (await commands.rewind()).rewind(path, options, world)));
}

const since =
  (world: World) =>
  (text: string): Since =>
    /^\d+$/.test(text) ? { seq: wholeNumber(text) } : { ms: parseMoment(text, world.now()) };

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  return value;
}

const secondsMax = 1_000_000;

function seconds(text: string): number {
  const value = wholeNumber(text);
  if (value < 1 || value > secondsMax) throw new InvalidArgumentError(`It must be 1 to ${secondsMax}.`);
  return value;
}
