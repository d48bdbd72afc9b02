/** What people and devices do, done by real devices at an edge that counts: the operations that the cost model is fed with. */
import { createHash } from "node:crypto";
import { mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openHome } from "@ashlar/client/node/home";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import { type Session, sessionSchema } from "@ashlar/shared/protocol/account";
import { changesResponseSchema, socketProtocol, socketTokenPrefix } from "@ashlar/shared/protocol/change";
import { askAtDoor } from "../../../scripts/local/door.ts";
import type { Running } from "./command.ts";
import { type Counts, databaseSizes, takeCounts } from "./counting-edge.ts";
import { copyBeside, overwrite } from "./edits.ts";
import { eventually } from "./eventually.ts";
import type { Device, House } from "./house.ts";
import { jsonRecords } from "./json-records.ts";
import { seeded } from "./random.ts";

const MiB = 1024 * 1024;
const seed = 20_261_127;
const smallFiles = 2000;
const filesPerFolder = 100;
const largeMiB = 64;
const jsonMiB = 16;
const edits = 10;
const requests = 100;
const deletions = 400;
const blocksPerCheck = 1000;
const putBlocks = 300;

/** All bytes on the wire of all devices, besides what the edge counts. */
export type Asked = Counts & { readonly upBytes: number; readonly downBytes: number };
/** `asked` is of all `times` together. */
export type Counted = { readonly what: string; readonly times: number; readonly asked: Asked };
export type Operations = {
  readonly counted: Readonly<Record<string, Counted>>;
  /** What rows take in the databases, with their indices. */
  readonly rowBytes: { readonly metaPerFile: number; readonly indexPerBlock: number };
};

export type Watch = { begins(name: string): void; ended(name: string, counted: Counted): void };

/** The house is one of {@link countingRoot}, and new. */
export async function countOperations(house: House, watch?: Watch): Promise<Operations> {
  const random = seeded(seed);
  const email = "operations@example.org";
  const a = await house.device("A", { email, register: true });
  const b = await house.device("B", { email });
  const inA = (...names: string[]) => join(a.folder, ...names);
  const aside = join(house.directory, "aside");
  const counted: Record<string, Counted> = {};

  async function count(name: string, what: string, times: number, act: () => Promise<unknown>): Promise<void> {
    await takeCounts(house);
    const before = wireOf([a, b]);
    watch?.begins(name);
    await act();
    const asked = await takeCounts(house);
    const after = wireOf([a, b]);
    counted[name] = { what, times, asked: { ...asked, upBytes: after.up - before.up, downBytes: after.down - before.down } };
    watch?.ended(name, counted[name]);
  }

  const metaBefore = await bytesOf(house, "META_");
  for (let at = 0; at < smallFiles; at++) {
    const folder = inA(`folder ${Math.floor(at / filesPerFolder)}`);
    if (at % filesPerFolder === 0) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file ${at}`), random.bytes(4096));
  }
  await count("small-up", "a new file of 4 KB among thousands, to the edge", smallFiles, () => a.once());
  const metaPerFile = ((await bytesOf(house, "META_")) - metaBefore) / smallFiles;
  await count("small-down", "a file of 4 KB among thousands, to a new device", smallFiles, () => b.once());
  await writeFile(inA("large"), random.bytes(largeMiB * MiB));
  await count("large-up", "a MiB of a large file, to the edge", largeMiB, () => a.once());
  await writeFile(inA("records.json"), jsonRecords(random, jsonMiB * MiB));
  await count("json-up", "a MiB of JSON, to the edge", jsonMiB, () => a.once());
  await count("large-down", "a MiB of large files, to another device", largeMiB + jsonMiB, () => b.once());

  {
    await using onA = a.start();
    await eventually(() => isLive(onA));
    const running: Running[] = [];
    await count("connect", "a device with nothing new begins to listen", 1, async () => {
      running.push(b.start());
      await eventually(() => isLive(running[0]));
    });
    await using onB = running[0];
    if (onB === undefined) throw new Error("B does not run");
    const arrives = async (edit: () => Promise<void>) => {
      const before = cursorOf(onB);
      await edit();
      await eventually(() => (cursorOf(onB) > before && cursorOf(onA) === cursorOf(onB) ? undefined : "the edit arrives"));
      await answered(house);
    };
    const repeated = async (edit: (at: number) => Promise<void>) => {
      for (let at = 0; at < edits; at++) await arrives(() => edit(at));
    };

    await count("new-small", "a new file of 1 KB, pushed to another device", edits, () =>
      repeated((at) => writeFile(inA(`new ${at}`), random.bytes(1024))),
    );
    await arrives(() => writeFile(inA("page"), random.bytes(64_000)));
    await count("edit-small", "100 bytes in a file of 64 KB, pushed to another device", edits, () =>
      repeated((at) => overwrite(inA("page"), 1000 + at * 500, random.bytes(100))),
    );
    // The first edit of a block fetches a signature.
    await arrives(() => overwrite(inA("large"), 20 * MiB, random.bytes(100)));
    await count("edit-large", "100 bytes in a large file, pushed to another device", edits, () =>
      repeated((at) => overwrite(inA("large"), 20 * MiB + 1000 + at * 500, random.bytes(100))),
    );
    await count("copy", "a copy of a file of 64 MiB, pushed to another device", 1, () =>
      arrives(() => copyBeside(inA("large"), aside, inA("copy"))),
    );
    await count("rename", "a folder of 100 files renamed, pushed to another device", 1, () =>
      arrives(() => rename(inA("folder 19"), inA("renamed"))),
    );
    await count("delete", "a deleted file among hundreds, pushed to another device", deletions, () =>
      arrives(async () => {
        for (let folder = 0; folder < deletions / filesPerFolder; folder++) await rm(inA(`folder ${folder}`), { recursive: true });
      }),
    );
    await count("touch", "a touched file", 1, async () => {
      const scans = onA.events.length;
      await utimes(inA("page"), new Date(0), new Date(0));
      await eventually(() => (onA.events.length > scans ? undefined : "A has looked at it"));
      await answered(house);
    });
  }

  const session = await sessionOf(a);
  const { epoch, head } = changesResponseSchema.parse(await request(house, session, "GET", "/v1/changes?since=0&limit=1"));
  await count("poll", "a question for changes, of which there are none", requests, async () => {
    for (let at = 0; at < requests; at++) await request(house, session, "GET", `/v1/changes?since=${head}&epoch=${epoch}`);
  });
  let renewed = await sessionOf(await house.device("C", { email }));
  await count("refresh", "a device's session renewed", requests, async () => {
    for (let at = 0; at < requests; at++) {
      const { refreshToken } = renewed;
      renewed = sessionSchema.parse(await request(house, renewed, "POST", "/v1/session/refresh", { refreshToken }));
    }
  });
  await count("listen", "a socket that is opened, greeted and closed", requests, async () => {
    for (let at = 0; at < requests; at++) await listen(house, renewed, { epoch, cursor: head });
  });
  await count("check", "a block of which the edge is asked whether it has it", blocksPerCheck, async () => {
    const blocks = Array.from({ length: blocksPerCheck }, () => ({ hash: random.bytes(32).toString("hex"), size: 2 * MiB }));
    await request(house, session, "POST", "/v1/blocks/check", { blocks });
  });
  const indexBefore = await bytesOf(house, "INDEX_");
  await count("put", "a large block sent, and nothing else", putBlocks, async () => {
    for (let at = 0; at < putBlocks; at++) await put(house, session, random.bytes(packBlockBytesMax + 1));
  });
  const indexPerBlock = ((await bytesOf(house, "INDEX_")) - indexBefore) / putBlocks;
  await count("tend", "the daily look through an account, for each file that it was", smallFiles, async () => {
    if ((await askAtDoor(join(house.directory, "edge"), "collect")) === undefined) throw new Error("the edge has no door");
  });
  return { counted, rowBytes: { metaPerFile: Math.round(metaPerFile), indexPerBlock: Math.round(indexPerBlock) } };
}

async function bytesOf(house: House, prefix: string): Promise<number> {
  const sizes = Object.entries(await databaseSizes(house));
  return sizes.filter(([binding]) => binding.startsWith(prefix)).reduce((sum, [, bytes]) => sum + bytes, 0);
}

/** A word that follows an answer, such as `applied`, is on its way for a moment. */
async function answered(house: House): Promise<void> {
  let before = "";
  await eventually(async () => {
    const now = await (await fetch(`${house.edge().url}/__counts`)).text();
    const isSame = now === before;
    before = now;
    return isSame ? undefined : "the edge is at rest";
  });
}

function wireOf(devices: readonly Device[]): { up: number; down: number } {
  const wires = devices.map(({ proxy }) => proxy.wire());
  return { up: wires.reduce((sum, { up }) => sum + up, 0), down: wires.reduce((sum, { down }) => sum + down, 0) };
}

const cursorOf = ({ events }: Running): number => Number(events.findLast(({ type }) => type === "equal")?.["cursor"] ?? -1);

const isLive = (running: Running | undefined): string | undefined =>
  running?.events.some(({ type, state }) => type === "feed" && state === "live") === true && cursorOf(running) >= 0
    ? undefined
    : "it is live and equal";

async function sessionOf(device: Device): Promise<Session> {
  const account = await (await openHome(device.home)).currentAccount();
  if (account === undefined) throw new Error(`${device.name} is not signed in`);
  return account.session;
}

/** Straight to the edge: no device's bytes. */
async function request(house: House, session: Session, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(house.edge().url + path, {
    method,
    headers: { authorization: `Bearer ${session.accessToken}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function put(house: House, { accessToken }: Session, content: Uint8Array): Promise<void> {
  const bytes = new Uint8Array(content);
  const hash = createHash("sha256").update(bytes).digest("hex");
  const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/octet-stream" };
  const answer = await fetch(`${house.edge().url}/v1/blocks/${hash}`, { method: "PUT", headers, body: bytes });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`the PUT of a block was answered ${answer.status}`);
}

/** As a device does that lost its connection, or whose token has run out. */
async function listen(house: House, { accessToken }: Session, known: { epoch: string; cursor: number }): Promise<void> {
  const socket = new WebSocket(`${house.edge().url.replace("http", "ws")}/v1/events`, [socketProtocol, socketTokenPrefix + accessToken]);
  socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "hello", ...known })));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("message", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("the socket failed")), { once: true });
  });
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  socket.close(1000);
  await closed;
}
