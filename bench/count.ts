/**
 * `npm run bench:count`: counts what each operation asks of the edge, and writes it down for the tests and the cost model
 * (`test/counting/operations.json`). Nothing of it is timed. `npm run scale` then writes docs/SCALE.md anew.
 */
import { countingRoot } from "../test/e2e/support/counting-edge.ts";
import { openHouse } from "../test/e2e/support/house.ts";
import { countOperations } from "../test/e2e/support/operations.ts";
import { writeOperations } from "../test/e2e/support/recorded-operations.ts";

await using house = await openHouse({}, { makeRoot: countingRoot });
const operations = await countOperations(house, (name, { times, asked }) => console.log(`${name}, ${times} times: ${JSON.stringify(asked)}`));
await writeOperations(operations);
console.log(operations.rowBytes);
