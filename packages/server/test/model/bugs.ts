/** Planted bugs: each takes one fence away, by wrapping a port. The model must find every one of them. */
import { BoundStatement, type SqlBug } from "./database.ts";
import type { Bug } from "./world.ts";

/** Statements with another text where they have `fragment`. */
function rewrite(...changes: readonly (readonly [fragment: string, replacement: string])[]): SqlBug {
  return (statements) =>
    statements.map((statement) => {
      const sql = changes.reduce((text, [fragment, replacement]) => text.replaceAll(fragment, replacement), statement.sql);
      return sql === statement.sql ? statement : statement.withText(sql);
    });
}

/** A holder row, and a block said to be stored, in the batch that only reserves it. */
const claimFirst: SqlBug = (statements, process) => {
  const reserve = statements.find(({ sql }) => sql.includes("INSERT INTO blocks") && sql.includes("'pending'"));
  const [hash = null, , now = null] = reserve?.values ?? [];
  const user = /u(\d)/.exec(process.name)?.[1];
  if (reserve === undefined || user === undefined) return statements;
  const claim = (sql: string) => new BoundStatement(sql, [hash, `u${user}`.padEnd(22, "_"), now], neverRun);
  return [
    ...statements,
    claim("UPDATE blocks SET state = 'stored' WHERE hash = ?1 AND state = 'pending' AND ?2 = ?2 AND ?3 = ?3"),
    claim("INSERT INTO holders (hash, user_id, expires_at) VALUES (?1, ?2, ?3 + 259200000) ON CONFLICT DO NOTHING"),
  ];
};
const neverRun = () => Promise.reject(new Error("only runs in a batch"));

export const bugs: readonly Bug[] = [
  { name: "the holder row comes before the verified bytes", breaks: /^(I1):/, where: "two uploaders, one crash", sql: claimFirst },
  {
    name: "an upload that meets a deletion goes on",
    breaks: /^(I1):/,
    where: "a block sent and not",
    sql: rewrite(
      ["SELECT state, state = 'stored' AND EXISTS", "SELECT replace(state, 'deleting', 'pending') AS state, state = 'stored' AND EXISTS"],
      ["WHERE hash = ?1 AND state <> 'deleting'", "WHERE hash = ?1"],
    ),
  },
  {
    name: "a commit does not wait for its holds",
    breaks: /^(I1|I2):/,
    where: "end of a lease",
    blocks: (real) => ({ ...real, hold: () => Promise.resolve({ refused: new Set(), sentBytes: 0 }) }),
  },
  {
    name: "an object is deleted before its row is marked",
    breaks: /^(I1):/,
    where: "a committer and the collector",
    sql: rewrite(
      ["UPDATE blocks SET state = 'deleting' WHERE", "UPDATE blocks SET state = state WHERE"],
      ["AND state = 'deleting' AND ref_count = 0", ""],
    ),
  },
  {
    name: "what is being deleted counts as there, as long as a lease on it lasts",
    breaks: /^(I1):/,
    where: "a committer and the collector",
    sql: rewrite(
      [" AND b.state = 'stored'", ""],
      ["fence = ?3 AND state = 'stored'", "fence = ?3"],
      // The leases, which go first, would keep it hidden.
      ["expires_at <= ?2 ORDER BY hash, user_id", "expires_at <= ?2 - 60000 ORDER BY hash, user_id"],
    ),
  },
  {
    name: "a lease keeps nothing from collection",
    breaks: /^(I1|progress):/,
    where: "a committer and the collector",
    sql: rewrite(["delete_after <= ?2 AND protected_until <= ?2", "delete_after IS NOT NULL AND ?2 = ?2"]),
  },
  {
    name: "a hold keeps nothing from collection",
    breaks: /^(I1):/,
    where: "a file edited",
    sql: rewrite(["ref_count = 0 AND delete_after <= ?2 AND", ""]),
  },
  {
    name: "a row goes although the deletion of its object failed",
    breaks: /^(I1):/,
    where: "an uploader and the collector, two",
    bucket: (real) => ({ ...real, delete: (keys) => real.delete(keys).catch(() => {}) }),
  },
  {
    name: "a late commit lands after it was undone",
    breaks: /^(I1|I8):/,
    where: "a file edited",
    sql: rewrite(["seq = ?2 AND generation = ?3 THEN ?4", "seq = ?2 AND ?3 = ?3 THEN ?4"]),
  },
  {
    name: "a late release undoes a later hold",
    breaks: /^(I1):/,
    where: "a committer and a releaser",
    sql: rewrite(["AND fence < ?4", ""]),
  },
  { name: "a late hold outlives its commit", breaks: /^(leak):/, where: "makes void", sql: rewrite(["AND fence <= ?4", ""]) },
  {
    name: "nothing is noted before the holds",
    breaks: /^(leak):/,
    where: "makes void",
    intents: (real) => ({ ...real, write: () => Promise.resolve() }),
  },
  {
    name: "a crashed commit keeps its holds",
    breaks: /^(leak):/,
    where: "two uploaders of one block",
    blocks: (real) => ({ ...real, release: () => Promise.resolve() }),
  },
  {
    name: "a commit may refer to a pack that is collected meanwhile",
    breaks: /^(I1):/,
    where: "the end of a pack",
    sql: rewrite(["THEN generation + 1 END", "THEN generation END"]),
  },
  {
    name: "check asks whether anybody has the block",
    breaks: /^(I2|progress):/,
    where: "two uploaders of one block",
    sql: rewrite(["h.user_id = ?2 AND (expires_at", "?2 = ?2 AND (expires_at"]),
  },
  {
    name: "locate answers whoever asks",
    breaks: /^(I2):/,
    where: "two devices",
    sql: rewrite(["WHERE user_id = ?2 AND refs > 0 AND hash IN", "WHERE ?2 = ?2 AND refs > 0 AND hash IN"]),
  },
  {
    name: "references are not taken back with their version",
    breaks: /^(I8):/,
    where: "a block released",
    sql: rewrite(["SET refs = refs - (j.value->>1)", "SET refs = refs"]),
  },
  {
    name: "a pack's bytes are not counted down",
    breaks: /^(I8|I1):/,
    where: "a pack dies",
    sql: rewrite([
      "SET live_bytes = live_bytes - (j.value->>1), delete_after = CASE WHEN live_bytes - (j.value->>1) = 0 THEN ?2 END",
      "SET size = size + 0 * ?2",
    ]),
  },
];
