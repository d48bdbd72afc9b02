/** The users' Durable Objects: their storage outlives them, their memory and sockets do not. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UserSyncCore } from "@ashlar/durable-objects/user-sync-core";
import type { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import { EdgeLife } from "./faults.ts";
import type { FakeSocket } from "./socket-pair.ts";

type Core = InstanceType<typeof UserSyncCore>;
type ObjectEnv = ConstructorParameters<typeof UserSyncCore>[1];
type ObjectState = ConstructorParameters<typeof UserSyncCore>[0];

/** Compiles each statement once: most of what such small ones cost. */
class Storage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #compiled = new Map<string, StatementSync>();

  prepare(sql: string): StatementSync {
    const statement = this.#compiled.get(sql) ?? this.#database.prepare(sql);
    this.#compiled.set(sql, statement);
    return statement;
  }
}

class Instance {
  readonly life = new EdgeLife();
  readonly sockets: { socket: FakeSocket; tags: readonly string[] }[] = [];
  readonly core: Core;

  constructor(storage: Storage, clock: ManualClock, env: (life: EdgeLife) => ObjectEnv, background: (task: Promise<unknown>) => void) {
    const exec = (sql: string, ...values: (string | number | null)[]) => {
      if (this.life.isOver) throw new Error("this object has been replaced");
      const rows = storage.prepare(sql).all(...values);
      return { toArray: () => rows };
    };
    const alarm: { at: number | null } = { at: null };
    const ring = async (at: number) => {
      await clock.sleep(at - clock.now());
      if (this.life.isOver || alarm.at !== at) return;
      alarm.at = null;
      await this.core.wake();
    };
    const state = {
      storage: {
        sql: { exec },
        transactionSync: <Result>(work: () => Result): Result => {
          exec("BEGIN");
          try {
            const result = work();
            exec("COMMIT");
            return result;
          } catch (error) {
            exec("ROLLBACK");
            throw error;
          }
        },
        getAlarm: async () => alarm.at,
        setAlarm: async (at: number) => {
          alarm.at = at;
          background(ring(at));
        },
      },
      waitUntil: background,
      setWebSocketAutoResponse: () => undefined,
      getWebSockets: (tag?: string) =>
        this.sockets
          .filter(({ socket, tags }) => socket.readyState === 1 && (tag === undefined || tags.includes(tag)))
          .map(({ socket }) => socket),
      acceptWebSocket: (socket: FakeSocket, tags: readonly string[]) => {
        this.sockets.push({ socket, tags });
        // Answered by the runtime, whether the object sleeps or not.
        socket.onMessage = (data) => {
          if (data === "ping") socket.send("pong");
          else background(this.core.receive(socket as never, data));
        };
      },
    };
    this.core = new UserSyncCore(state as unknown as ObjectState, env(this.life));
  }

  end(): void {
    this.life.end();
    for (const { socket } of this.sockets) socket.close(1006, "the object was replaced");
  }
}

export type UserObjectsOptions = {
  readonly clock: ManualClock;
  readonly env: (life: EdgeLife) => ObjectEnv;
  /** Told of what goes on after an answer, so that a bug in it is not lost. */
  readonly background: (task: Promise<unknown>) => void;
};

export class UserObjects {
  readonly #options: UserObjectsOptions;
  readonly #storage = new Map<string, Storage>();
  readonly #instances = new Map<string, Instance>();

  constructor(options: UserObjectsOptions) {
    this.#options = options;
  }

  /** Every object loses its memory and what it was at. Before its end the old instance may go on for a while: see `linger`. */
  crash(): void {
    for (const instance of this.#instances.values()) instance.end();
    this.#instances.clear();
  }

  /** The platform starts a second instance while the first still works: the fences have to hold. */
  split(): void {
    const old = [...this.#instances.values()];
    this.#instances.clear();
    void this.#options.clock.sleep(20_000).then(() => old.forEach((instance) => instance.end()));
  }

  /** As the binding of a Worker's request: a call is lost when either side dies. */
  namespace(caller: EdgeLife) {
    const call = async <Result>(user: string, work: (core: Core) => Promise<Result> | Result): Promise<Result> => {
      const instance = this.#instance(user);
      const result = await Promise.race([work(instance.core), instance.life.ended.promise]);
      if (caller.isOver) await new Promise(() => undefined);
      return result;
    };
    return {
      getByName: (user: string) => ({
        commit: (value: Parameters<Core["commit"]>[0]) => call(user, (core) => core.commit(structuredClone(value))),
        tend: (value: Parameters<Core["tend"]>[0]) => call(user, (core) => core.tend(structuredClone(value))),
        revoke: (device: string) => call(user, (core) => core.revoke(device)),
        fetch: (url: string, init: RequestInit) => call(user, (core) => core.connect(new Request(url, init) as never)),
      }),
    };
  }

  #instance(user: string): Instance {
    const known = this.#instances.get(user);
    if (known !== undefined && !known.life.isOver) return known;
    const storage = this.#storage.get(user) ?? new Storage();
    this.#storage.set(user, storage);
    const { clock, env, background } = this.#options;
    const instance = new Instance(storage, clock, env, background);
    this.#instances.set(user, instance);
    return instance;
  }
}
