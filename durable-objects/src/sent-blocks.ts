/** Tells the other devices which blocks one is sending, so that they fetch them before the commit. */
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { sendingWaitingMax } from "@ashlar/shared/limits";
import type { ComingBlock, ServerMessage } from "@ashlar/shared/protocol/change";
import { SerialQueue } from "./serial-queue.ts";
import { send, type SocketState, type Sockets } from "./sockets.ts";

export type Locate = (user: UserId, hashes: readonly BlockHash[]) => Promise<readonly ComingBlock[]>;

/** Hints: what is dropped, or forgotten by a sleep of the object, is fetched after its commit. */
export class SentBlocks {
  readonly #sockets: Sockets;
  readonly #locate: Locate;
  /** One look at the index at a time, and few that wait: a device may say as much as it likes. */
  readonly #looks = new SerialQueue();

  constructor(sockets: Sockets, locate: Locate) {
    this.#sockets = sockets;
    this.#locate = locate;
  }

  async hear({ user, device }: SocketState, hashes: readonly BlockHash[]): Promise<void> {
    if (this.#others(device).length === 0 || this.#looks.length >= sendingWaitingMax) return;
    await this.#looks.run(async () => {
      try {
        const blocks = await this.#locate(user, hashes);
        if (blocks.length === 0) return;
        const message: ServerMessage = { type: "coming", blocks: [...blocks] };
        const text = JSON.stringify(message);
        for (const { socket } of this.#others(device)) send(socket, text);
      } catch (error) {
        console.warn("blocks that are being sent could not be told of", error);
      }
    });
  }

  #others(device: string) {
    return this.#sockets.following().filter(({ state }) => state.device !== device);
  }
}
