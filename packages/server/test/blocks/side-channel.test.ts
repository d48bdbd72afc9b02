/** What somebody who has a block could learn of others by watching the server at work: counted, not timed. */
import { leaseMs } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { newBlock, newUser } from "../support/blocks.ts";
import { provingWorld } from "../support/proving.ts";

/** What others did with the block before. */
const histories = {
  "that one other sent": (world: World, block: Block) => world.put(newUser(), block),
  "that one other holds": (world: World, block: Block) => world.newHolder(block),
  "that one less than needed hold": (world: World, block: Block) => world.newHolders(world.proofs.holdersNeeded(block.hash) - 1, block),
  "that another holds no more": async (world: World, block: Block) => {
    await world.index.release(await world.newHolder(block), [block.hash], 1);
  },
  "whose last lease has run out": async (world: World, block: Block) => {
    await world.put(newUser(), block);
    world.clock.forward(2 * leaseMs);
  },
};
type World = ReturnType<typeof provingWorld>;
type Block = ReturnType<typeof newBlock>;

for (const [what, happened] of Object.entries(histories)) {
  test(`B27 sending a block ${what} asks the same of databases and bucket as sending one that nobody has (I2)`, async () => {
    const known = provingWorld();
    const unknown = provingWorld();
    const block = newBlock();
    await happened(known, block);
    const user = newUser();
    const seen = [];
    for (const world of [known, unknown]) {
      world.log.length = 0;
      seen.push({ answer: await world.put(user, block), log: [...world.log] });
    }
    expect(seen[0]).toEqual(seen[1]);
    // Two transactions and one write: not nothing.
    expect(seen[0]?.log).toHaveLength(3);
  });

  test(`B41 check answers for a block ${what}, and asks of the databases, the same as for one that nobody has (I2)`, async () => {
    const known = provingWorld();
    const unknown = provingWorld();
    const blocks = [newBlock(), newBlock(), newBlock()];
    for (const block of blocks) await happened(known, block);
    const user = newUser();
    const seen = [];
    for (const world of [known, unknown]) {
      world.log.length = 0;
      seen.push({ answer: await world.check(user, blocks), log: [...world.log] });
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).toMatchObject({ answer: ["upload", "upload", "upload"], log: [{ written: 0, answered: [0, 3] }] });
  });
}

test("B41 one other holder is never told from none, however many more accounts than one ask", async () => {
  const world = provingWorld();
  for (let tried = 0; tried < 200; tried++) {
    const block = newBlock(8);
    await world.newHolder(block);
    await world.newHolder(block);
    expect(await world.check(newUser(), [block])).toEqual(["upload"]);
  }
});
