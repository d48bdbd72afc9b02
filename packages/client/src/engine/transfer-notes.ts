/** What is under way of larger files, written down now and then for whoever asks for the status. */
import type { NodeId } from "@ashlar/shared/ids";
import type { LocalDatabase } from "../database.ts";
import { Meta } from "../trees/meta.ts";

export type TransferNote = {
  readonly node: NodeId;
  readonly direction: "up" | "down";
  readonly bytes: number;
  readonly size: number;
  readonly sinceMs: number;
};

const key = "transfers";
/** Smaller ones are over before anybody asks. */
const notedBytesMin = 1024 * 1024;
/** So often for each device, whatever is under way. */
const pauseMs = 2000;

type Ports = {
  readonly meta: Pick<Meta, "write">;
  now(): number;
  /** Writes where nobody could take an error; false: it was not written. */
  attempt(write: () => void): boolean;
};

export class TransferNotes {
  readonly #ports: Ports;
  readonly #underWay = new Map<NodeId, TransferNote>();
  readonly #written = new Set<NodeId>();
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** What a process that was killed has left. */
  clear(): void {
    this.#ports.meta.write(key, undefined);
  }

  /** To be disposed of when the transfer ends; `at` is told how far it is. */
  begin(node: NodeId, direction: TransferNote["direction"], size: number): Disposable & { at(bytes: number): void } {
    const sinceMs = this.#ports.now();
    const note = (bytes: number) => {
      if (size < notedBytesMin) return;
      this.#underWay.set(node, { node, direction, bytes, size, sinceMs });
      if (this.#ports.now() - this.#writtenAtMs >= pauseMs) this.#write();
    };
    note(0);
    return {
      at: note,
      [Symbol.dispose]: () => {
        this.#underWay.delete(node);
        if (this.#written.has(node)) this.#write();
      },
    };
  }

  #write(): void {
    this.#writtenAtMs = this.#ports.now();
    const notes = [...this.#underWay.values()];
    if (!this.#ports.attempt(() => this.#ports.meta.write(key, JSON.stringify(notes)))) return;
    this.#written.clear();
    for (const { node } of notes) this.#written.add(node);
  }
}

/** As of a few seconds ago, if a process is at it. */
export function readTransfers(database: LocalDatabase): readonly TransferNote[] {
  return JSON.parse(new Meta(database).read(key) ?? "[]") as TransferNote[];
}
