/** Content that compresses as what services write does. */
import type { Random } from "./random.ts";

const words = ["amber", "basalt", "cedar", "delta", "ember", "fjord", "granite", "harbour", "indigo", "juniper", "kelp", "lagoon"];

/** Records as services log and export them: names that repeat, numbers that do not. */
export function jsonRecords(random: Random, size: number): Buffer {
  const bytes = Buffer.alloc(size, 0x20);
  let at = 0;
  for (let id = 0; ; id++) {
    const record = {
      id,
      at: new Date(1_700_000_000_000 + id * 977).toISOString(),
      user: random.bytes(8).toString("hex"),
      title: `${random.pick(words)} ${random.pick(words)} ${random.pick(words)}`,
      amount: random.integer(0, 1_000_000) / 100,
      tags: [random.pick(words), random.pick(words)],
    };
    const line = `${JSON.stringify(record)}\n`;
    if (at + line.length > size) return bytes;
    at += bytes.write(line, at);
  }
}
