/** How far the collector's walks have come, in the directory database. */
import type { Database } from "../ports.ts";

/** `position` is the last key seen, empty at the start of a round; `roundStartedAt` in ms since 1970, 0 before the first. */
export type Cursor = { readonly position: string; readonly roundStartedAt: number };

export type Cursors = {
  get(walk: string): Cursor;
  set(walk: string, cursor: Cursor): Promise<void>;
};

const start: Cursor = { position: "", roundStartedAt: 0 };

export async function readCursors(directory: Database): Promise<Cursors> {
  const { results } = await directory
    .prepare("SELECT walk, position, round_started_at AS roundStartedAt FROM gc_cursors")
    .all<Cursor & { walk: string }>();
  const cursors = new Map<string, Cursor>(results.map(({ walk, ...cursor }) => [walk, cursor]));
  return {
    get: (walk) => cursors.get(walk) ?? start,
    set: async (walk, { position, roundStartedAt }) => {
      const known = cursors.get(walk);
      if (known?.position === position && known.roundStartedAt === roundStartedAt) return;
      cursors.set(walk, { position, roundStartedAt });
      await directory
        .prepare(
          `INSERT INTO gc_cursors (walk, position, round_started_at) VALUES (?1, ?2, ?3)
           ON CONFLICT (walk) DO UPDATE SET position = excluded.position, round_started_at = excluded.round_started_at`,
        )
        .bind(walk, position, roundStartedAt)
        .run();
    },
  };
}

/**
 * Where a walk goes on: after what was seen, or from the start once it has reached the end. With `now` it also says when a round
 * began, for walks that do not begin the next one at once.
 */
export function nextCursor({ position, roundStartedAt }: Cursor, seen: { upTo: string; isLast: boolean }, now = 0): Cursor {
  const began = position === "" ? now : roundStartedAt;
  return { position: seen.isLast ? "" : seen.upTo, roundStartedAt: began };
}
