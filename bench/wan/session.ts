/** What is raced: programs that keep two folders equal, each in the way that it is used. */
import type { LinkCounts } from "../link/link.ts";
import type { wan } from "../link/wan.ts";
import type { Meter } from "./meter.ts";

export type Lanes = typeof wan;

export type Contender = {
  readonly name: string;
  /** What has to be installed, and how to get it on Debian and its like; undefined: nothing. */
  readonly needs?: { readonly program: string; readonly from: string };
  /** How it is run, in a few words. */
  readonly way: string;
  /** Of a file that was edited it sends all: one edit shows what each takes. */
  readonly sendsWhole?: true;
  /** Everything it makes is below `directory`. */
  open(directory: string, lanes: Lanes): Promise<Session>;
};

export type Carried = {
  /** Until all of it is acknowledged at the other end of A's link. */
  readonly upSeconds: number;
  /** Until B is equal. The same where B is that other end. */
  readonly seconds: number;
};

export type Change = {
  /** Made in an instant: whatever takes time was prepared. */
  readonly make: () => Promise<void>;
  /** Whether it is all there, by a quick look. */
  readonly arrived: (folder: string) => Promise<boolean>;
  /** Nothing but a file's time: who carries no times is done when A has looked. */
  readonly isTouch?: boolean;
};

export type Session = AsyncDisposable & {
  readonly a: string;
  readonly b: string;
  /** Bytes have to get to a server first, and from there to B. */
  readonly throughServer: boolean;
  /** It notices changes by itself. */
  readonly live: boolean;
  /** Of what runs as long as the session, by name. */
  readonly processes: ReadonlyMap<string, number>;
  /** From A, and to B. */
  bytes(): { readonly up: LinkCounts; readonly down: LinkCounts };
  carry(change: Change, meter: Meter, signal: AbortSignal): Promise<Carried>;
};

/** One contender over one line. */
export type Race = { readonly bench: string; readonly lanes: Lanes; readonly contender: Contender };
