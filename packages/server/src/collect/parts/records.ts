/** Devices that can never be heard of again, shares that expired, and records of runs long ago. */
import { planDeviceSweep, runDeviceSweep } from "../../accounts/sweep.ts";
import type { Database } from "../../ports.ts";
import type { Part } from "../part.ts";
import { pruneRuns } from "../runs.ts";
import { pruneShares } from "../../shares/shares.ts";

export function recordsPart(directory: Database, now: number): Part {
  return {
    name: "records",
    async plan() {
      const sweep = await planDeviceSweep(directory, now);
      return {
        seen: sweep.expired + sweep.revoked,
        details: { expiredDevices: sweep.expired, revokedDevices: sweep.revoked },
        async run() {
          await runDeviceSweep(directory, sweep);
          const runs = await pruneRuns(directory, now);
          const shares = await pruneShares(directory, now);
          const devices = sweep.expired + sweep.revoked;
          return { deleted: devices + runs + shares, bytesFreed: 0, errors: 0, details: { devices, runs, shares } };
        },
      };
    },
  };
}
