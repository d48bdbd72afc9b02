import type { NodeId, UserId } from "@ashlar/shared/ids";
import { searchPageMax, searchScanRowsMax } from "@ashlar/shared/limits";
import type { SearchPage } from "@ashlar/shared/protocol/search";
import { chainOf, readUpwards } from "../history/past-node.ts";
import type { Database } from "../ports.ts";
import { nodeState } from "./node-row.ts";

export type SearchQuestion = {
  readonly user: UserId;
  readonly text: string;
  /** The last node that the page before looked at. */
  readonly after: string;
  readonly scanMax?: number;
  readonly pageMax?: number;
};

type Looked = { readonly node: NodeId; readonly matches: number; readonly looked: number };

/**
 * Live nodes, all but the root, whose name contains the text. SQLite knows the case of ASCII alone, so the other letters of the text, and
 * only those, are put into lower case one by one: no other can be part of a match.
 */
export async function search(db: Database, question: SearchQuestion): Promise<SearchPage> {
  const { user, after, scanMax = searchScanRowsMax, pageMax = searchPageMax } = question;
  const text = lowerCase(question.text.normalize("NFC"));
  const upper = [...new Set(text)].map(upperOf).filter((pair) => pair !== undefined);
  // By number: a statement takes a hundred parameters, and 64 letters would be two each.
  const name = upper.reduce((sql, { from, to }) => `replace(${sql}, char(${from.codePointAt(0)}), char(${to.codePointAt(0)}))`, "name");
  // The last row that was looked at comes along, so that the next page goes on behind it.
  const sql = `
    WITH looked AS (
      SELECT node_id, name FROM nodes WHERE user_id = ?1 AND node_id > ?2 AND deleted_at IS NULL AND parent_id IS NOT NULL
      ORDER BY node_id LIMIT ?3
    )
    SELECT * FROM (SELECT node_id AS node, 1 AS matches, 0 AS looked FROM looked WHERE instr(lower(${name}), ?4) > 0 ORDER BY node_id LIMIT ?5)
    UNION ALL SELECT max(node_id), 0, count(*) FROM looked`;
  const { results } = await db.prepare(sql).bind(user, after, scanMax, text, pageMax).all<Looked>();
  const matches = results.filter((row) => row.matches === 1).map(({ node }) => node);
  const last = results.find((row) => row.matches === 0);
  const rows = await readUpwards(db, user, matches);
  const items = matches.flatMap((node) => {
    const chain = chainOf(rows, node);
    const row = chain.at(-1);
    return row === undefined || row.deletedAt !== null ? [] : [{ ...nodeState(row), path: chain.map((above) => above.name).join("/") }];
  });
  if (matches.length === pageMax) return { items, next: matches.at(-1) ?? null };
  return { items, next: last !== undefined && last.looked === scanMax ? last.node : null };
}

/** One letter for one letter, so that nothing becomes longer on one side of the comparison only. */
const lowerCase = (text: string): string => Array.from(text, (letter) => sameLength(letter, letter.toLowerCase())).join("");

function upperOf(letter: string): { from: string; to: string } | undefined {
  const upper = letter.toUpperCase();
  const isAscii = /^[\0-\x7f]$/.test(letter);
  return !isAscii && upper !== letter && sameLength(letter, upper) === upper && upper.toLowerCase() === letter
    ? { from: upper, to: letter }
    : undefined;
}

const sameLength = (letter: string, changed: string): string => (Array.from(changed).length === 1 ? changed : letter);
