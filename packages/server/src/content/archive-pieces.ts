/** The blocks of an archive's files, one file behind the other, so that many small files are read ahead and by the pack. */
import type { UserId } from "@ashlar/shared/ids";
import { pageManifestCharsMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { StoredManifest } from "../namespace/manifest-store.ts";
import type { Database } from "../ports.ts";
import type { ArchivedFile } from "./archive-plan.ts";
import { ManifestView } from "./manifest-view.ts";
import { DamagedContentError, type PiecePorts, piecesOf } from "./pieces.ts";
import type { Piece } from "./read-ahead.ts";

/** Files whose manifests are asked for at once: with 50,000 of them 250 queries, of a thousand that a platform allows. */
const filesPerPage = 200;

export type ArchivePorts = PiecePorts & { readonly manifest: (stored: StoredManifest) => Promise<string> };

type Row = { readonly manifest: string | null; readonly manifestKey: string | null };

/** Cut to a bounded length of manifests; the first is always there. */
const manifestsSql = `
  SELECT manifest, manifestKey FROM (
    SELECT j.key AS at, v.manifest, v.manifest_key AS manifestKey,
      sum(coalesce(length(v.manifest), 0)) OVER (ORDER BY j.key) - coalesce(length(v.manifest), 0) AS charsBefore
    FROM json_each(?2) j LEFT JOIN versions v
    ON v.user_id = ?1 AND v.node_id = j.value->>0 AND v.version = j.value->>1
  ) WHERE charsBefore < ${pageManifestCharsMax} ORDER BY at`;

export async function* archivePieces(
  ports: ArchivePorts,
  user: UserId,
  files: readonly ArchivedFile[],
): AsyncGenerator<Piece<readonly Uint8Array[]>> {
  for (let at = 0; at < files.length;) {
    const page = await manifestsOf(ports.db, user, files.slice(at, at + filesPerPage));
    at += page.length;
    let inRows: string[] = [];
    for (const stored of page) {
      if (stored.manifestKey === null) {
        inRows.push(stored.manifest);
        continue;
      }
      yield* piecesOf(ports, user, blocksOf(inRows));
      inRows = [];
      yield* piecesOf(ports, user, blocksOf([await ports.manifest(stored)]));
    }
    yield* piecesOf(ports, user, blocksOf(inRows));
  }
}

function* blocksOf(manifests: readonly string[]): Generator<BlockRef> {
  for (const manifest of manifests) yield* new ManifestView(manifest).blocks();
}

async function manifestsOf(db: Database, user: UserId, files: readonly ArchivedFile[]): Promise<StoredManifest[]> {
  const { results } = await db
    .prepare(manifestsSql)
    .bind(user, JSON.stringify(files.map(({ node, version }) => [node, version])))
    .all<Row>();
  return results.map(({ manifest, manifestKey }) => {
    if (manifest !== null) return { manifest, manifestKey: null };
    if (manifestKey !== null) return { manifest: null, manifestKey };
    throw new DamagedContentError("a version of the archive is no longer kept");
  });
}
