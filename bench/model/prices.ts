/** Cloudflare's prices in dollars, of the paid plan beyond what it includes (read on 2026-11-22). Deletions and egress are free. */
const million = 1e6;

export const prices = {
  workerRequest: 0.3 / million,
  workerCpuMs: 0.02 / million,
  objectRequest: 0.15 / million,
  objectGbSecond: 12.5 / million,
  objectRowRead: 0.001 / million,
  objectRowWritten: 1 / million,
  d1RowRead: 0.001 / million,
  d1RowWritten: 1 / million,
  d1GbMonth: 0.75,
  r2GbMonth: 0.015,
  r2ClassA: 4.5 / million,
  r2ClassB: 0.36 / million,
} as const;

export type Billed = { readonly [item in keyof typeof prices]: number };

export const nothing: Billed = {
  workerRequest: 0,
  workerCpuMs: 0,
  objectRequest: 0,
  objectGbSecond: 0,
  objectRowRead: 0,
  objectRowWritten: 0,
  d1RowRead: 0,
  d1RowWritten: 0,
  d1GbMonth: 0,
  r2GbMonth: 0,
  r2ClassA: 0,
  r2ClassB: 0,
};

export const itemsOf = (billed: Billed) => Object.entries(billed) as [keyof Billed, number][];

export function add(one: Billed, other: Billed): Billed {
  return Object.fromEntries(itemsOf(one).map(([item, amount]) => [item, amount + other[item]])) as Billed;
}

export function times(billed: Billed, count: number): Billed {
  return Object.fromEntries(itemsOf(billed).map(([item, amount]) => [item, amount * count])) as Billed;
}

export function dollars(billed: Billed): number {
  return itemsOf(billed).reduce((sum, [item, amount]) => sum + amount * prices[item], 0);
}
