/** What a run of the collector consists of. */

/** Numbers and short lists, for people to read. */
export type Details = Readonly<Record<string, unknown>>;

export type PartOutcome = { readonly deleted: number; readonly bytesFreed: number; readonly errors: number; readonly details: Details };

/** What a part is about to do: to be printed, or carried out. */
export type PartPlan = {
  /** Rows and objects that were looked at. */
  readonly seen: number;
  readonly details: Details;
  /** Carries the plan out, as far as it still holds, and moves the part's cursor on. Safe to cut anywhere and to repeat. */
  run(): Promise<PartOutcome>;
};

/** One concern of the collector on one shard. Each is bounded, and fails alone. */
export type Part = { readonly name: string; plan(): Promise<PartPlan> };

/** Throws once the run may not begin anything more. */
export type RequireTime = () => void;
export type Report = (message: string, cause: unknown) => void;
