/** Two folders over a link: Ashlar, and what else keeps folders equal and is installed. */
import type { Benchmark, Context } from "./context.ts";
import { loopback, wan } from "./link/wan.ts";
import type { Line } from "./report/line.ts";
import { ashlar } from "./wan/ashlar.ts";
import { isInstalled } from "./wan/command.ts";
import { race } from "./wan/race.ts";
import { rclone } from "./wan/rclone.ts";
import type { Lanes } from "./wan/session.ts";
import { syncthing } from "./wan/syncthing.ts";
import { unison } from "./wan/unison.ts";

const contenders = [ashlar, syncthing, rclone, unison];

export const wanBenchmark: Benchmark = {
  name: "wan",
  about: "two folders over 100 Mbit/s with a round trip of 60 ms",
  run: (context) => raceAll("wan", wan, context),
};

export const loopbackBenchmark: Benchmark = {
  name: "loopback",
  about: "the same without delay and limit of rate",
  run: (context) => raceAll("loopback", loopback, context),
};

async function raceAll(bench: string, lanes: Lanes, context: Context): Promise<Line[]> {
  const chosen = process.env["BENCH_WHO"]?.split(",");
  const lines: Line[] = [];
  for (const contender of contenders) {
    const { name, needs, way } = contender;
    if (chosen !== undefined && !chosen.includes(name)) continue;
    if (needs !== undefined && !isInstalled(needs.program)) {
      context.note(`${name} is not installed and does not take part: ${needs.from}`);
      continue;
    }
    context.note(`${name}: ${way}.`);
    lines.push(...(await race({ bench, lanes, contender }, context)));
  }
  return lines;
}
