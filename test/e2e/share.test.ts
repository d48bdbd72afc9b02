import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signedAddressSchema } from "@ashlar/shared/protocol/content";
import { shareOpenedSchema, sharedTreeSchema, ticketHeader } from "@ashlar/shared/protocol/share";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonLines, type Event } from "./support/command.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";

let house: House;
let device: Device;
const report = seeded(seedOfThisRun()).bytes(300_000);
beforeAll(async () => {
  house = await openHouse();
  device = await house.device("A", { email: "share@example.org", register: true });
  await mkdir(join(device.folder, "docs/inner"), { recursive: true });
  await writeFile(join(device.folder, "docs/report.pdf"), report);
  await writeFile(join(device.folder, "docs/inner/a.txt"), "small");
  await device.once();
});
afterAll(() => house?.[Symbol.asyncDispose]());

async function told(args: readonly string[], more: { input?: string; code?: number } = {}): Promise<Event[]> {
  const { code, stdout, stderr } = await device.run(["share", ...args, "--json"], { cwd: device.folder, ...more });
  if (code !== (more.code ?? 0)) throw new Error(`ended with ${code}: ${stderr}`);
  return jsonLines(stdout);
}

const post = (path: string, json: object, headers: Record<string, string> = {}) =>
  fetch(new URL(path, house.edge().url), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(json),
  });

it("M29 `share` makes a link that works without an account, `--list` shows it and `--revoke` ends it", async () => {
  const [made] = await told(["docs", "--password-stdin", "--expires", "7d", "--downloads", "2"], { input: "swordfish\n" });
  expect(made).toMatchObject({ type: "share", path: "docs", hasPassword: true, downloadsMax: 2, downloads: 0 });
  const link = new URL(String(made?.["link"]));
  expect(link.pathname).toMatch(/^\/s\/[\w-]{22}$/);
  const open = (password: string) => post(`/v1${link.pathname}/open`, { password });
  expect((await open("guess!")).status).toBe(403);
  const { ticket, root } = shareOpenedSchema.parse(await (await open("swordfish")).json());
  const headers = { [ticketHeader]: ticket };
  const tree = await fetch(new URL(`/v1/s/tree/${root.node}`, house.edge().url), { headers });
  const { children } = sharedTreeSchema.parse(await tree.json());
  expect(children.map(({ name }) => name)).toEqual(["inner", "report.pdf"]);
  const file = children.find(({ kind }) => kind === "file");
  const address = await post("/v1/s/address", { node: file?.node, as: "download" }, headers);
  const { url } = signedAddressSchema.parse(await address.json());
  const content = await fetch(new URL(url, house.edge().url));
  expect(content.headers.get("content-length")).toBe(String(report.length));
  expect(Buffer.from(await content.arrayBuffer()).equals(report)).toBe(true);
  const part = await fetch(new URL(url, house.edge().url), { headers: { range: "bytes=1000-1999" } });
  expect(Buffer.from(await part.arrayBuffer()).equals(report.subarray(1000, 2000))).toBe(true);
  expect(await told(["--list"])).toMatchObject([{ id: made?.["id"], link: link.href, downloads: 1 }]);
  await told(["--revoke", String(made?.["id"])]);
  expect((await open("swordfish")).status).toBe(404);
  expect((await fetch(new URL(url, house.edge().url))).status).toBe(404);
  await told(["--revoke", String(made?.["id"])], { code: 1 });
});

it("M29 what is not there, or everything, is not shared", async () => {
  expect(await told(["nothing.txt"], { code: 1 })).toMatchObject([{ type: "error", exitCode: 1 }]);
  await told(["."], { code: 2 });
  await told(["docs", "--password-stdin"], { code: 2, input: "short\n" });
});

it("CT14 an archive arrives whole, as long as it was announced", async () => {
  const [made] = await told(["docs"]);
  const link = new URL(String(made?.["link"]));
  const { ticket, root } = shareOpenedSchema.parse(await (await post(`/v1${link.pathname}/open`, {})).json());
  const { url } = signedAddressSchema.parse(await (await post("/v1/s/archive", { nodes: [root.node] }, { [ticketHeader]: ticket })).json());
  const archive = await fetch(new URL(url, house.edge().url));
  const bytes = Buffer.from(await archive.arrayBuffer());
  expect(archive.headers.get("content-length")).toBe(String(bytes.length));
  expect(bytes.includes(report)).toBe(true);
});
