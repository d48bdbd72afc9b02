/** What the model is fed with: counts of `npm run bench:count`, and processor time, which belongs to a machine. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Asked, Operations } from "../../test/e2e/support/operations.ts";
import { readOperations } from "../../test/e2e/support/recorded-operations.ts";

const file = join(import.meta.dirname, "cpu.json");

const cpuSchema = z.strictObject({ machine: z.string(), commit: z.string(), msOf: z.record(z.string(), z.number()) });
export type Cpu = z.infer<typeof cpuSchema>;

export async function writeCpu(cpu: Cpu): Promise<void> {
  await writeFile(file, `${JSON.stringify(cpu, undefined, 2)}\n`);
}

export type Measured = { readonly operations: Operations; readonly cpu: Cpu };

export async function readMeasured(): Promise<Measured> {
  return { operations: await readOperations(), cpu: cpuSchema.parse(JSON.parse(await readFile(file, "utf8"))) };
}

/** Of one time, with its processor time. */
export type Once = Asked & { readonly cpuMs: number };

export function once({ operations, cpu }: Measured, name: string): Once {
  const counted = operations.counted[name];
  const cpuMs = cpu.msOf[name];
  if (counted === undefined || cpuMs === undefined) throw new RangeError(`"${name}" was not counted`);
  const each = Object.fromEntries(Object.entries(counted.asked).map(([what, count]) => [what, count / counted.times]));
  return { ...(each as Asked), cpuMs };
}
