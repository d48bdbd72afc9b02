/** Reading ahead of a reader, in order and in parallel, within the memory of one isolate that all its streams share. */
import type { Clock } from "../ports.ts";

/** Something that takes a while to read; its bytes are in memory from the first moment on until its reader has taken them. */
export type Piece<Content> = { readonly bytes: number; read(): Promise<Content> };

type Loan = { readonly bytes: number; readonly until: number };

/**
 * The memory for what is read ahead. Like {@link ByteGate} it lends for a time, since a platform may drop a stream's code in the
 * middle when its client leaves; unlike there nobody waits: who gets none reads one piece at a time.
 */
export class ReadAheadMemory {
  readonly #options: { readonly bytesMax: number; readonly msMax: number; readonly clock: Clock };
  readonly #loans = new Set<Loan>();

  constructor(options: { readonly bytesMax: number; readonly msMax: number; readonly clock: Clock }) {
    this.#options = options;
  }

  lend(bytes: number): Loan | undefined {
    const { bytesMax, msMax, clock } = this.#options;
    const now = clock.now();
    let lent = 0;
    for (const loan of this.#loans) {
      if (loan.until <= now) this.#loans.delete(loan);
      else lent += loan.bytes;
    }
    if (lent + bytes > bytesMax) return undefined;
    const loan = { bytes, until: now + msMax };
    this.#loans.add(loan);
    return loan;
  }

  giveBack(loan: Loan | undefined): void {
    if (loan !== undefined) this.#loans.delete(loan);
  }
}

export type ReadAheadOptions = {
  readonly memory: ReadAheadMemory;
  /** Of one stream. A piece that is longer is read alone. */
  readonly bytesMax: number;
  readonly piecesMax: number;
};

type Reading<Content> = { readonly bytes: number; readonly loan: Loan | undefined; readonly content: Promise<Content> };

/** The pieces' content in their order. The first one that cannot be read ends it with its error; nothing begins after its end. */
export async function* readAhead<Content>(
  pieces: AsyncIterable<Piece<Content>>,
  { memory, bytesMax, piecesMax }: ReadAheadOptions,
): AsyncGenerator<Content, void, undefined> {
  const source = pieces[Symbol.asyncIterator]();
  const readings: Reading<Content>[] = [];
  let ahead = 0;
  let next = await source.next();
  try {
    for (;;) {
      while (next.done !== true && readings.length < piecesMax) {
        const isFirst = readings.length === 0;
        const { bytes } = next.value;
        if (!isFirst && ahead + bytes > bytesMax) break;
        const loan = memory.lend(bytes);
        if (loan === undefined && !isFirst) break;
        const content = next.value.read();
        // Whoever takes it is told; one that nobody comes to is not.
        content.catch(() => undefined);
        readings.push({ bytes, loan, content });
        ahead += bytes;
        next = await source.next();
      }
      const reading = readings.shift();
      if (reading === undefined) return;
      try {
        yield await reading.content;
      } finally {
        ahead -= reading.bytes;
        memory.giveBack(reading.loan);
      }
    }
  } finally {
    for (const { loan } of readings) memory.giveBack(loan);
    await source.return?.();
  }
}
