/** Two devices of one account, equal to begin with, and what the nasty cases ask of them. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { jsonLines, type Event } from "../support/command.ts";
import type { Device, House } from "../support/house.ts";
import { difference, readTree } from "../support/tree.ts";

export type Pair = {
  readonly a: Device;
  readonly b: Device;
  /** In the folder of a device. */
  readonly on: (device: Device, ...names: string[]) => string;
  /** A, B and A again sync once: whatever each had is everywhere. */
  meet(codes?: readonly number[]): Promise<void>;
  /** What differs between the two folders; undefined: nothing. */
  difference(): Promise<string | undefined>;
  waiting(device: Device): Promise<readonly { readonly path: string; readonly reason: string }[]>;
};

export async function openPair(house: House, email: string): Promise<Pair> {
  const a = await house.device(`${email} A`, { email, register: true });
  const b = await house.device(`${email} B`, { email });
  for (const { folder } of [a, b]) await mkdir(folder, { recursive: true });
  return {
    a,
    b,
    on: (device, ...names) => join(device.folder, ...names),
    async meet(codes = [0]) {
      for (const device of [a, b, a]) await device.once(codes);
    },
    difference: async () => difference(await readTree(a.folder), await readTree(b.folder)),
    async waiting(device) {
      const [status] = jsonLines((await device.run(["status", device.folder, "--json"])).stdout);
      return (status?.["waiting"] ?? []) as { path: string; reason: string }[];
    },
  };
}

export async function versionsOf(device: Device, path: string): Promise<readonly Event[]> {
  const { code, stdout, stderr } = await device.run(["versions", join(device.folder, path), "--json"]);
  if (code !== 0) throw new Error(stderr);
  return jsonLines(stdout).filter(({ type }) => type === "version");
}
