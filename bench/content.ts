/**
 * A large file through its signed address, and the same in an archive, beside the bare blocks of it, in one run:
 * `node bench/content.ts [MiB]` (1024 if nothing is said). CPU is the server's; the reader only counts bytes.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId, rootId, type BlockHash, type NodeId, type OpId } from "@ashlar/shared/ids";
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { encodeManifest } from "@ashlar/shared/manifest";
import { sessionSchema } from "@ashlar/shared/protocol/account";
import { locateResponseSchema } from "@ashlar/shared/protocol/block";
import { commitMediaType } from "@ashlar/shared/protocol/commit";
import { signedAddressSchema } from "@ashlar/shared/protocol/content";
import { Agent, request } from "undici";
import { startEdge } from "../scripts/local/edge.ts";
import { cpuSeconds } from "./cpu.ts";
import { watchMemory } from "./memory.ts";

const MiB = 1024 * 1024;
const blockBytes = 2 * MiB;
const fileMiB = Number(process.argv[2] ?? 1024);
const atOnce = 8;

const folder = await mkdtemp(join(tmpdir(), "ashlar-content-"));
const edge = await startEdge({ state: join(folder, "edge") });
const agent = new Agent({ connections: atOnce });
try {
  const account = { email: "bench@example.org", password: "correct horse battery", device: "bench" };
  const session = sessionSchema.parse(await (await json("POST", "/v1/account", account)).json());
  const authorization = `Bearer ${session.accessToken}`;
  const blocks = await uploaded(authorization);
  const node = newId<NodeId>(randomBytes);
  await commit(authorization, node, blocks);
  const located = await json("POST", "/v1/blocks/locate", { hashes: blocks.map(({ hash }) => hash) }, { authorization });
  const places = locateResponseSchema.parse(await located.json()).blocks.map(({ url }) => url);
  const address = await json("POST", `/v1/files/${node}/address`, { as: "download" }, { authorization });
  const file = signedAddressSchema.parse(await address.json()).url;
  const archived = await json("POST", "/v1/archives", { nodes: [node] }, { authorization });
  const archive = signedAddressSchema.parse(await archived.json()).url;

  const ways = [
    { name: `bare blocks, ${atOnce} at a time`, run: () => inParallel(places, (path) => drain(path, { authorization })) },
    { name: "bare blocks, one by one", run: () => inParallel(places, (path) => drain(path, { authorization }), 1) },
    { name: "/v1/c, the whole file", run: () => drain(file) },
    { name: "/v1/z, as an archive", run: () => drain(archive) },
  ];
  for (const round of ["warm-up", "measured"]) {
    for (const { name, run } of ways) {
      const memory = watchMemory(edge.pid);
      const cpuBefore = cpuSeconds(edge.pid);
      const from = performance.now();
      await run();
      const seconds = (performance.now() - from) / 1000;
      const cpu = cpuSeconds(edge.pid) - cpuBefore;
      const peak = Math.max(...memory.stop().values()) / MiB;
      const rate = `${(fileMiB / seconds).toFixed(0)} MiB/s, ${((cpu * 1000) / fileMiB).toFixed(2)} ms CPU for each MiB`;
      if (round === "measured") console.log(`${name}: ${rate}, peak of one process so far ${peak.toFixed(0)} MiB`);
    }
  }
} finally {
  await agent.close();
  await edge.kill();
  await rm(folder, { recursive: true, force: true });
}

function json(method: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(edge.url + path, { method, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
}

type Block = { readonly hash: BlockHash; readonly size: number };

async function uploaded(authorization: string): Promise<Block[]> {
  const blocks: Block[] = [];
  await inParallel(Array.from({ length: (fileMiB * MiB) / blockBytes }), async () => {
    const bytes = randomBytes(blockBytes);
    const hash = createHash("sha256").update(bytes).digest("hex") as BlockHash;
    const answer = await request(`${edge.url}/v1/blocks/${hash}`, {
      dispatcher: agent,
      method: "PUT",
      headers: { authorization, "content-type": "application/octet-stream" },
      body: bytes,
    });
    if (answer.statusCode !== 204) throw new Error(await answer.body.text());
    await answer.body.dump();
    blocks.push({ hash, size: bytes.length });
  });
  return blocks;
}

async function commit(authorization: string, node: NodeId, blocks: readonly Block[]): Promise<void> {
  const op = { op: "create" as const, opId: newId<OpId>(randomBytes), node, parent: rootId, name: "large.bin", kind: "file" as const };
  const content = { manifest: encodeManifest(blocks), size: fileMiB * MiB, mtimeMs: 0, mode: 0o644 };
  const body = new Uint8Array(encodeCommitBody({ ops: [{ ...op, ...content }], inline: [] }, []));
  const answer = await fetch(`${edge.url}/v1/commits`, {
    method: "POST",
    headers: { authorization, "content-type": commitMediaType },
    body,
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function drain(path: string, headers: Record<string, string> = {}): Promise<void> {
  const answer = await request(edge.url + path, { dispatcher: agent, headers });
  if (answer.statusCode !== 200) throw new Error(await answer.body.text());
  let bytes = 0;
  for await (const part of answer.body) bytes += (part as Uint8Array).length;
  if (String(bytes) !== answer.headers["content-length"]) throw new Error("the answer was cut short");
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>, count = atOnce): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
