/** The state folder of the local server: its lock, and its secrets. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ScriptFailure } from "./failure.ts";

/** Makes the folder if need be, and holds it until disposed of: two servers on one state would tear it apart. */
export function claimState(folder: string): Disposable {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(folder, error);
  }
  return lock(folder);
}

/**
 * SQLite's file lock, because Node has none of its own: the system lets go of it when the process ends, however it ends,
 * so that a killed server leaves nothing to clean up.
 */
function lock(folder: string): Disposable {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(join(folder, "lock"));
    db.exec("BEGIN EXCLUSIVE");
    const held = db;
    return { [Symbol.dispose]: () => held.close() };
  } catch (error) {
    db?.close();
    if (error instanceof Error && "errcode" in error && error.errcode === sqliteBusy)
      throw new ScriptFailure(`${folder} is in use by another server. Stop it, or set ASHLAR_STATE to another folder.`, { cause: error });
    throw unusable(folder, error);
  }
}

const sqliteBusy = 5;

/** 32 random bytes for each name, made at the first start and kept: sessions and signed addresses outlive a restart. */
export function readSecrets(folder: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, readSecret(join(folder, "secrets"), name)]));
}

function readSecret(folder: string, name: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, name);
    try {
      writeFileSync(file, randomBytes(32).toString("base64url"), { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    throw unusable(folder, error);
  }
}

function unusable(folder: string, error: unknown): ScriptFailure {
  const why = error instanceof Error ? error.message : String(error);
  return new ScriptFailure(`${folder} cannot be used for the server's state: ${why}. Set ASHLAR_STATE to a folder you may write to.`, {
    cause: error,
  });
}
