/** An edge, and devices around it, in one temporary folder. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEdge, type Edge } from "../../../scripts/local/edge.ts";
import { run, startSync, type Ended, type Running } from "./command.ts";
import { startProxy, type Proxy } from "./proxy.ts";

export type House = AsyncDisposable & {
  readonly directory: string;
  readonly edge: () => Edge;
  /** Ends the edge as a power cut would, and starts it again on the same state. */
  killEdge(): Promise<void>;
  startEdge(): Promise<void>;
  /** A device with a home, a folder and a proxy of its own; signed in if it has an account. */
  device(name: string, account?: DeviceAccount): Promise<Device>;
};

/** `direct`: past the proxy, for measuring; `server`: by another address that leads to the edge, such as a link's. */
export type DeviceAccount = { readonly email: string; readonly register?: true; readonly direct?: true; readonly server?: string };

export type Device = {
  readonly name: string;
  readonly home: string;
  readonly folder: string;
  /** All that this device says goes through here. */
  readonly proxy: Proxy;
  run(args: readonly string[], more?: { input?: string; cwd?: string }): Promise<Ended>;
  /** `sync FOLDER --json`; `args` follow. */
  start(args?: readonly string[]): Running;
  /** `sync FOLDER --once --json`; fails unless it exits with one of the codes. */
  once(codes?: readonly number[]): Promise<Ended>;
};

export const password = "correct horse battery";

type HouseOptions = {
  /** Makes another tree of Workers than the repository, in a folder of its own. */
  readonly makeRoot?: (directory: string) => Promise<string>;
  /** An empty folder to stand in, which stays when the house is gone. */
  readonly directory?: string;
};

/** `env` is of the edge's own, such as `ASHLAR_QUOTA_BYTES`. */
export async function openHouse(
  env: Readonly<Record<string, string>> = {},
  { makeRoot, directory: given }: HouseOptions = {},
): Promise<House> {
  const directory = given ?? (await mkdtemp(join(tmpdir(), "ashlar-e2e-")));
  const state = join(directory, "edge");
  const options = { state, env, ...(makeRoot !== undefined && { root: await makeRoot(join(directory, "root")) }) };
  let edge = await startEdge(options);
  const proxies: Proxy[] = [];
  return {
    directory,
    edge: () => edge,
    killEdge: () => edge.kill(),
    async startEdge() {
      edge = await startEdge(options);
      for (const proxy of proxies) proxy.aim(edge.url);
    },
    async device(name, account) {
      const proxy = await startProxy(edge.url);
      proxies.push(proxy);
      const device = makeDevice(name, join(directory, name), proxy);
      await mkdir(device.home, { recursive: true });
      if (account !== undefined) await signIn(device, account.server ?? (account.direct === true ? edge.url : proxy.url), account);
      return device;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
      await edge.kill();
      if (given === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

function makeDevice(name: string, directory: string, proxy: Proxy): Device {
  const home = join(directory, "home");
  const folder = join(directory, "folder");
  const runHere: Device["run"] = (args, more = {}) => run(args, { home, ...more });
  return {
    name,
    home,
    folder,
    proxy,
    run: runHere,
    start: (args = []) => startSync(folder, { home, args }),
    async once(codes = [0]) {
      const ended = await runHere(["sync", folder, "--once", "--json"]);
      if (ended.code === null || !codes.includes(ended.code))
        throw new Error(`sync --once of ${name} ended with ${ended.code}:\n${ended.stderr}${ended.stdout.slice(-2000)}`);
      return ended;
    },
  };
}

async function signIn(device: Device, server: string, { email, register }: DeviceAccount): Promise<void> {
  const args = ["login", "--server", server, "--email", email, "--device", device.name, "--password-stdin"];
  const { code, stderr } = await device.run(register === true ? [...args, "--register"] : args, { input: `${password}\n` });
  if (code !== 0) throw new Error(`${device.name} could not sign in: ${stderr}`);
}
