/** What must hold of all devices and the edge together when it is over (DESIGN section 8): each fault as a sentence. */
import { createHash } from "node:crypto";
import type { BlockHash } from "@ashlar/shared/ids";
import { encodeManifest } from "@ashlar/shared/manifest";
import { deletionFaults, type NamespaceRows, readNamespace, storageFaults } from "./checks.ts";
import type { World } from "./world.ts";

export function judge(world: World): string[] {
  const rows = readNamespace(world.edge);
  const difference = differenceOf(world);
  const wanted = wantedOf(world);
  const deleterOf = (id: string) => {
    const device = world.devices.find(({ ids }) => ids.has(id));
    return { ids: device?.ids ?? new Set(), offline: device?.network.offline ?? [], dead: device?.dead ?? [] };
  };
  return [
    ...(difference === undefined ? [] : [`I7: ${difference}`]),
    ...deletionFaults(rows, new Set(wanted.keys()), deleterOf),
    ...lostOf(rows, wanted).map((text) => `I5: "${text.slice(0, 40)}" was saved and is nowhere any more`),
    ...storageFaults(world.edge),
  ];
}

/** In what the devices differ from the server; undefined when they are equal. */
export function differenceOf({ edge, devices }: World): string | undefined {
  const server = serverListing(readNamespace(edge));
  for (const device of devices) {
    const here = [...device.disk.items()]
      .map(([path, { kind, mode, bytes }]) => line(path.normalize("NFC"), kind, mode, kind === "folder" ? "" : manifestOf(bytes)))
      .toSorted();
    const at = Array.from({ length: Math.max(here.length, server.length) }, (_, index) => index).find(
      (index) => here[index] !== server[index],
    );
    if (at !== undefined) return `${device.name} has ${here[at] ?? "nothing"} where the server has ${server[at] ?? "nothing"}`;
  }
  return undefined;
}

/** Texts that were saved and are nowhere any more, though nobody removed them. */
function lostOf({ versions }: NamespaceRows, wanted: ReadonlyMap<string, string>): string[] {
  const kept = new Set(versions.map(({ manifest }) => manifest));
  return [...wanted].flatMap(([manifest, text]) => (kept.has(manifest) ? [] : [text]));
}

/** What was saved and neither removed nor overwritten, by its manifest. */
function wantedOf({ persons: { saved, destroyed } }: World): Map<string, string> {
  const texts = [...saved].filter((text) => !destroyed.has(text));
  return new Map(texts.map((text) => [manifestOf(new TextEncoder().encode(text)), text]));
}

function serverListing({ live, versions }: NamespaceRows): string[] {
  const nodes = new Map(live.map((node) => [node.node_id, node]));
  const manifests = new Map(versions.map((row) => [`${row.node_id}/${row.version}`, row.manifest]));
  return live
    .filter(({ parent_id }) => parent_id !== null)
    .map((node) => {
      const names: string[] = [];
      for (let at: typeof node | undefined = node; at !== undefined && at.parent_id !== null; at = nodes.get(at.parent_id))
        names.push(at.name);
      return line(names.toReversed().join("/"), node.kind, node.mode, manifests.get(`${node.node_id}/${node.version}`) ?? "");
    })
    .toSorted();
}

const line = (path: string, kind: string, mode: number, manifest: string) => `${path} ${kind} ${mode.toString(8)} ${manifest}`;

/** All texts are one block. */
function manifestOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return "";
  return encodeManifest([{ hash: createHash("sha256").update(bytes).digest("hex") as BlockHash, size: bytes.length }]);
}
