import { revokeDevice } from "@ashlar/client/edge/account";
import { openConnection } from "@ashlar/client/node/connection";
import { enterAccount, enterByBrowser, type Entered, type Link } from "@ashlar/client/node/enter-account";
import { folderHolder } from "@ashlar/client/node/folder-lock";
import type { Account, Home } from "@ashlar/client/node/home";
import type { DeviceId } from "@ashlar/shared/ids";
import { deviceNameCharsMax } from "@ashlar/shared/limits";
import { credentialsSchema, deviceNameSchema, emailSchema } from "@ashlar/shared/protocol/account";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { exitCodes, FailedError, UsageError, type ExitCode } from "../exit-code.ts";
import { sentence } from "../sentence.ts";
import { printable, type Terminal } from "../terminal.ts";
import type { World } from "../world.ts";

export type LoginOptions = {
  readonly server?: string;
  readonly email?: string;
  readonly register?: true;
  readonly passwordStdin?: true;
  readonly device?: string;
};

const localServer = "http://localhost:8787";

export async function login(options: LoginOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: false });
  const home = await world.openHome();
  const before = await home.currentAccount();
  const server = serverOrigin(options.server ?? (await askFor(world, "--server", "Server", before?.server ?? localServer)));
  // Only a person can go to a browser; with --register or a password there is an account to name.
  if (options.email === undefined && options.register !== true && options.passwordStdin !== true) return byBrowser(server, options, world);
  const email = options.email ?? (await askFor(world, "--email", "E-mail address", before?.email));
  const device = deviceNameFor(options, world);
  // Before a password is asked for in vain.
  if (!emailSchema.safeParse(email).success) throw new UsageError(fault("email"));
  if (!deviceNameSchema.safeParse(device).success) throw new UsageError(fault("device"));
  const password = await passwordFor(options, world);
  const credentials = credentialsSchema.safeParse({ email, password, device });
  if (!credentials.success) throw new UsageError(fault(credentials.error.issues[0]?.path[0]));

  const entered = await enterAccount(home, server, credentials.data, { register: options.register === true }).catch(orRegister);
  return afterEntering(home, terminal, entered);
}

/** A session without a password: a person who is signed in, in a browser on any device, confirms it. */
async function byBrowser(server: string, options: LoginOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: false });
  const home = await world.openHome();
  const device = deviceNameSchema.safeParse(deviceNameFor(options, world));
  if (!device.success) throw new UsageError(fault("device"));
  const stop = world.stopSignal();
  const show = ({ url, code }: Link) => {
    terminal.say(
      `To sign this device in, open\n\n  ${url}\n\nin a browser where you are signed in, and confirm the code ${terminal.paint.bold(code)}.`,
    );
    terminal.say("Waiting for you to confirm. Ctrl-C ends it.");
  };
  try {
    return await afterEntering(home, terminal, await enterByBrowser(home, server, device.data, show, stop));
  } catch (error) {
    if (stop.aborted) throw new FailedError("Stopped before the sign-in was confirmed: nothing was changed.", { cause: error });
    throw inWords(error);
  }
}

function inWords(error: unknown): unknown {
  const code = error instanceof ProblemError ? error.code : undefined;
  if (code === "access-denied") return new FailedError("The sign-in was refused in the browser. Nothing was changed.", { cause: error });
  if (code !== "code-expired") return error;
  return new FailedError("Nobody confirmed the code in time. Nothing was changed; `ashlar login` shows a new one.", { cause: error });
}

function deviceNameFor(options: LoginOptions, world: World): string {
  return options.device ?? world.hostname.slice(0, deviceNameCharsMax);
}

async function afterEntering(home: Home, terminal: Terminal, { account, former }: Entered): Promise<ExitCode> {
  if (former !== undefined && !(await isSyncing(home, account))) await signOutFormer(home, account, former, terminal);
  const { server, email, deviceName } = account;
  terminal.say(`Signed in to ${server} as ${printable(email)}. This device is called ${printable(deviceName)}.`);
  terminal.say("Next: `ashlar sync DIR` keeps a folder equal to your other devices.");
  return exitCodes.done;
}

/** What runs goes on with the session that it began with. */
async function isSyncing(home: Home, { session }: Account): Promise<boolean> {
  const own = (await home.folders()).filter(({ user }) => user === session.user);
  const holders = await Promise.all(own.map((folder) => folderHolder(home.paths(folder))));
  return holders.some((holder) => holder !== undefined);
}

/** It would stay in the list of devices for months, under the same name. */
async function signOutFormer(home: Home, account: Account, former: DeviceId, terminal: Terminal): Promise<void> {
  try {
    await using connection = openConnection(home, account);
    await revokeDevice(connection.call, former);
  } catch (error) {
    if (error instanceof ProblemError && error.code === "not-found") return;
    const why = error instanceof Error ? sentence(error.message) : String(error);
    terminal.warn(`The session that was here before could not be ended: ${why} \`ashlar devices revoke ${former}\` ends it.`);
  }
}

/** The server does not tell which addresses have an account (to nobody who does not know the password), but to who registers. */
function orRegister(error: unknown): never {
  if (error instanceof ProblemError && error.code === "email-taken")
    throw new FailedError("There is an account with this e-mail address already. Leave out --register to sign in to it.", { cause: error });
  if (!(error instanceof ProblemError) || error.code !== "wrong-credentials") throw error;
  throw new FailedError(`The server refused: ${sentence(error.message)} If you have no account there yet, add --register to make one.`, {
    cause: error,
  });
}

function serverOrigin(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw new UsageError(`--server takes an address such as https://files.example.org, not "${printable(text)}".`);
  return url.origin;
}

async function askFor(world: World, flag: string, question: string, preset: string | undefined): Promise<string> {
  if (!world.prompt.interactive) throw new UsageError(`${flag} is missing, and there is no terminal to ask on.`);
  return world.prompt.ask(question, preset);
}

async function passwordFor(options: LoginOptions, world: World): Promise<string> {
  if (options.passwordStdin === true) {
    const line = await world.prompt.readLine();
    if (line === undefined) throw new UsageError("--password-stdin found no password on the first line of standard input.");
    return line;
  }
  if (!world.prompt.interactive) throw new UsageError("There is no terminal to ask for the password on: hand it in with --password-stdin.");
  const password = await world.prompt.askSecret("Password");
  if (!credentialsSchema.shape.password.safeParse(password).success) throw new UsageError(fault("password"));
  // A typing mistake in a new password would lock its owner out.
  if (options.register === true && (await world.prompt.askSecret("Password again")) !== password)
    throw new UsageError("The two passwords differ. Nothing was changed.");
  return password;
}

function fault(field: PropertyKey | undefined): string {
  if (field === "email") return "--email takes an e-mail address, such as ada@example.org.";
  if (field === "password") return "A password has 8 to 256 characters.";
  return `--device takes a name of 1 to ${deviceNameCharsMax} characters.`;
}
