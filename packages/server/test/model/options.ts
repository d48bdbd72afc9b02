import type { Process } from "./process.ts";

/** A call to a port that waits for its turn. */
export type Pending = {
  readonly process: Process;
  readonly label: string;
  /** Over the network: it can fail, happen with its answer lost, or happen after its caller has given up. */
  readonly remote: boolean;
  /** Nothing but time: the clock is at `wakeAt` then. */
  readonly sleepMs: number;
  readonly wakeAt: number;
  readonly effect: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
};

/** A call whose caller is gone. It happens some time soon, or never. */
export type Ghost = { readonly label: string; readonly effect: () => unknown; readonly issuedAt: number; readonly owner: string };

/** `refused`: it does not happen; `lost`: it happens and the answer is lost; `late`: the caller is told it failed, and it may still happen. */
export type Fault = "refused" | "lost" | "late";
/** To just before the next moment at which something expires, to that moment, to just past it; or on by a bit more than a second. */
export type Jump = "before" | "at" | "past" | "second";

export type Option =
  | { readonly kind: "step"; readonly pending: Pending }
  | { readonly kind: "fault"; readonly pending: Pending; readonly fault: Fault }
  | { readonly kind: "land"; readonly ghost: Ghost }
  | { readonly kind: "crash" | "replace"; readonly process: Process }
  | { readonly kind: "jump"; readonly jump: Jump };

/** How often each kind of trouble may come in one run. */
export type Budget = {
  faults: number;
  crashes: number;
  replacements: number;
  jumps: number;
  /** A process wakes up from its sleep while others, who only have to go on, do not: without a bound it would give up in vain. */
  overtakings: number;
};

export function describe(option: Option): string {
  switch (option.kind) {
    case "step":
      return `${option.pending.process.name}: ${option.pending.label}`;
    case "fault":
      return `${option.pending.process.name}: ${option.pending.label} (${option.fault})`;
    case "land":
      return `late: ${option.ghost.label}`;
    case "crash":
    case "replace":
      return `${option.kind} ${option.process.name}`;
    case "jump":
      return `clock ${option.jump}`;
  }
}
