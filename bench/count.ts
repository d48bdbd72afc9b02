/**
 * `npm run bench:count`: counts what each operation asks of the edge, and writes it down for the tests and the cost model
 * (`test/counting/operations.json`); beside it, on this machine, what it takes of the processor (`bench/model/cpu.json`).
 * `npm run scale` then writes docs/SCALE.md anew.
 */
import { countingRoot } from "../test/e2e/support/counting-edge.ts";
import { openHouse } from "../test/e2e/support/house.ts";
import { countOperations } from "../test/e2e/support/operations.ts";
import { writeOperations } from "../test/e2e/support/recorded-operations.ts";
import { cpuSeconds } from "./cpu.ts";
import { writeCpu } from "./model/measured.ts";
import { machineOf } from "./report/machine.ts";

const { cpu, cores, commit } = machineOf(1, 0);
// Before anything is written, which would make it so.
if (commit.endsWith("-dirty")) throw new Error(`What is counted belongs to a commit, and this is ${commit}: commit first.`);
await using house = await openHouse({}, { makeRoot: countingRoot });
const msOf: Record<string, number> = {};
let before = 0;
const operations = await countOperations(house, {
  begins: () => void (before = cpuSeconds(house.edge().pid)),
  ended(name, { times, asked }) {
    msOf[name] = Number((((cpuSeconds(house.edge().pid) - before) * 1000) / times).toPrecision(3));
    console.log(`${name}, ${times} times: ${msOf[name]} ms CPU each, ${JSON.stringify(asked)}`);
  },
});
await writeOperations(operations);
await writeCpu({ machine: `${cores} x ${cpu}`, commit, msOf });
console.log(operations.rowBytes);
