/** One end of a WebSocket inside the simulated edge: what is sent at one end is heard at the other, in order. */

type Heard = (data: string) => void;

export class FakeSocket {
  readyState = 1;
  #other: FakeSocket | undefined;
  #attachment: unknown;
  /** Told at this end of what the other sends, and of its close. */
  onMessage: Heard = () => undefined;
  onClose: (code: number, reason: string) => void = () => undefined;

  meet(other: FakeSocket): void {
    this.#other = other;
    other.#other = this;
  }

  send(data: string): void {
    if (this.readyState !== 1) throw new TypeError("this socket is closed");
    this.#other?.onMessage(data);
  }

  close(code: number, reason: string): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    const other = this.#other;
    if (other === undefined || other.readyState !== 1) return;
    other.readyState = 3;
    other.onClose(code, reason);
  }

  serializeAttachment(value: unknown): void {
    this.#attachment = structuredClone(value);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment);
  }
}
