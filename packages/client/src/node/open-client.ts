/** The whole client of one folder: the engine over the real disk, network, database and clock. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { DatabaseDamagedError, DatabaseFullError, type LocalDatabase } from "../database.ts";
import { createEngine } from "../engine/engine.ts";
import type { Engine, EngineEvent, Scan } from "../engine/types.ts";
import type { Disk } from "../ports.ts";
import { loadIgnore } from "../scan/ignore.ts";
import { scan } from "../scan/scan.ts";
import { createBlockCache } from "../transfer/block-cache.ts";
import { createTransfer } from "../transfer/transfer.ts";
import { openBlockStore } from "./block-files.ts";
import { systemClock } from "./clock.ts";
import { zstd } from "./compression.ts";
import { openConnection } from "./connection.ts";
import { watchControl } from "./control-file.ts";
import { openDatabase } from "./database.ts";
import { deltaCodec } from "./delta-codec.ts";
import { openDisk } from "./disk.ts";
import { hashBlock, sha256 } from "./hash.ts";
import type { Account, Home, RegisteredFolder } from "./home.ts";
import { noteOutages } from "./outage.ts";
import { platformOf } from "./platform.ts";
import { sweepTemporaries } from "./temporaries.ts";
import { openWatcher } from "./watcher.ts";

export type ClientOptions = {
  readonly home: Home;
  /** Held by this process: see `lockFolder`. */
  readonly folder: RegisteredFolder;
  readonly account: Account;
  /** A person has said that deleting this much is meant. */
  readonly allowMassDelete: boolean;
  onEvent(event: EngineEvent): void;
};

/** Disposing of it, after its work has ended, closes everything that it opened. */
export type Client = Engine & AsyncDisposable;

export function openClient(options: ClientOptions): Client {
  const { home, folder, account, allowMassDelete } = options;
  const paths = home.paths(folder);
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  const stack = new AsyncDisposableStack();
  const database = stack.adopt(openDatabase(paths.database, systemClock.now()), (opened) => opened.close());
  const onEvent = (event: EngineEvent) => {
    try {
      noteOutage(event);
    } catch (error) {
      // The engine meets the same and waits; what an outage is called is worth no more.
      if (!(error instanceof DatabaseFullError)) throw error;
    }
    options.onEvent(event);
  };
  // The request under way is tried again within a second; the engine hears of it only when its tries are used up.
  const onLost = (why: string) => onEvent({ type: "offline", why: `The server cannot be reached: ${why}`, retryInMs: 0 });
  const connection = stack.use(openConnection(home, account, onLost));
  // Only this process works on the folder, so that whatever lies in its workshop was left by a crash.
  sweepTemporaries(folder.path);
  const disk = openDisk(folder.path);
  const cache = createBlockCache({ store: openBlockStore(paths.blocks), hashBlock });
  const early = { store: openBlockStore(paths.early), clock: systemClock };
  const engine = createEngine({
    disk,
    edge: connection.edge,
    openFeed: (events) => connection.openFeed(events),
    openWatcher: (events) => openWatcher(folder.path, events),
    createTransfer: (knowledge, onSent) =>
      createTransfer({ disk, edge: connection.edge, knowledge, hashBlock, codec: deltaCodec(), cache, compression: zstd, early, onSent }),
    scan: scanOf(disk),
    database,
    clock: systemClock,
    random: randomBytes,
    sha256,
    platform: platformOf(process.platform),
    allowMassDelete,
    onEvent,
  });
  // The engine has made the tables.
  const noteOutage = noteOutages(database, systemClock);
  stack.use(
    watchControl(
      paths.control,
      (request) => {
        if (request === "refresh") engine.refresh();
        else engine.reconcile(request === "reconcile" ? "sample" : "all");
      },
      (error) => process.emitWarning(error),
    ),
  );
  return {
    ...engine,
    syncOnce: (signal) => rebuiltNextTime(database, engine.syncOnce(signal)),
    run: (signal) => rebuiltNextTime(database, engine.run(signal)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A database that turns out to be damaged while it is used is begun anew at the next start: see `prepareSchema`. */
async function rebuiltNextTime<Result>(database: LocalDatabase, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DatabaseDamagedError) {
      try {
        database.exec("PRAGMA user_version = 0");
      } catch {
        // Then opening it finds the damage.
      }
    }
    throw error;
  }
}

/** The ignore rules are kept from one scan to the next. */
function scanOf(disk: Disk): Scan {
  const ignore = loadIgnore(disk);
  return (request) => scan({ ...request, ignore });
}
