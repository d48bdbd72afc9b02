/** Small worlds, each around one meeting that could go wrong. */
import { createOp, deleteOp, updateOp } from "./client.ts";
import { largeA, largeB, smallA, smallB, smallC, type Scenario, setUp, type Stage, toTheEndOfLeases } from "./stage.ts";
import { Violation } from "./scheduler.ts";

const day = 24 * 3600_000;

/** Somebody who knows a block's name and has not its bytes. */
const thief = (stage: Stage, user: number) =>
  stage.device(`thief of u${user}`, user, async (client) => {
    const states = await client.attempt(() => client.check([largeA, smallA]));
    const asked = states?.get(largeA.hash);
    if (typeof asked === "object" && (await client.attempt(() => client.prove(largeA.hash, asked.prove, largeB.bytes))) === true) {
      throw new Violation("I2", "a proof by other bytes is taken");
    }
    const answer = await client.attempt(() => client.commit([createOp(`stolen${user}`, [largeA])]));
    if (answer?.ok === true) throw new Violation("I2", "a commit of a block that the user never had is taken");
    await client.attempt(() => client.read([largeA, smallA]));
  });

const saver = (stage: Stage, name: string, user: number, save: (client: ReturnType<Stage["client"]>) => Promise<void>) =>
  stage.device(`${name} of u${user}`, user, save);

export const scenarios: readonly Scenario[] = [
  {
    name: "a prover while the only holder lets go",
    users: 3,
    before: (stage) =>
      setUp(stage, 1, async (client) => {
        await client.save(createOp("one", [largeA]), [largeA]);
        await client.save(deleteOp("gone", "one", 1), []);
        stage.world.scheduler.now += 30 * day + 1;
      }),
    actors: (stage) => [
      saver(stage, "prover", 2, (client) => client.save(createOp("two", [largeA]), [largeA])),
      thief(stage, 3),
      stage.releaser(),
      stage.collector(2),
    ],
  },
  {
    name: "two uploaders of one block",
    users: 3,
    actors: (stage) => [
      saver(stage, "uploader", 1, (client) => client.save(createOp("one", [largeA]), [largeA])),
      saver(stage, "uploader", 2, (client) => client.save(createOp("two", [largeA]), [largeA])),
      thief(stage, 3),
      stage.releaser(),
      stage.collector(),
    ],
  },
  {
    name: "a block sent and not committed, and sent again when its lease runs out",
    users: 2,
    before: async (stage) => {
      await setUp(stage, 1, (client) => client.upload(largeA));
      toTheEndOfLeases(stage);
    },
    actors: (stage) => [
      saver(stage, "committer", 1, (client) => client.save(createOp("one", [largeA]), [largeA], { trusting: true })),
      saver(stage, "uploader", 2, (client) => client.upload(largeA)),
      stage.releaser(),
      stage.collector(),
    ],
  },
  {
    name: "a block released while another needs it",
    users: 2,
    before: (stage) =>
      setUp(stage, 1, async (client) => {
        await client.save(createOp("one", [largeA, smallA]), [largeA, smallA]);
        await client.save(deleteOp("gone", "one", 1), []);
        stage.world.scheduler.now += 30 * day + 1;
      }),
    actors: (stage) => [
      saver(stage, "committer", 1, (client) => client.save(createOp("again", [largeA, smallA]), [largeA, smallA])),
      saver(stage, "uploader", 2, (client) => client.save(createOp("two", [largeA]), [largeA])),
      stage.releaser(),
      stage.collector(3),
    ],
  },
  {
    name: "a pack that nobody refers to yet, at its end",
    users: 1,
    before: async (stage) => {
      await setUp(stage, 1, async (client) => {
        await client.upload(smallA);
        await client.upload(smallB);
      });
      toTheEndOfLeases(stage);
    },
    actors: (stage) => [
      saver(stage, "committer", 1, (client) => client.save(createOp("one", [smallA]), [smallA], { trusting: true })),
      saver(stage, "uploader", 1, (client) => client.upload(smallA)),
      saver(stage, "another", 1, (client) => client.save(createOp("two", [smallA, smallB]), [smallA, smallB])),
      stage.releaser(),
      stage.collector(),
    ],
  },
  {
    name: "a pack dies and is needed again",
    users: 1,
    before: (stage) =>
      setUp(stage, 1, async (client) => {
        await client.save(createOp("one", [smallA, smallB]), [smallA, smallB]);
        await client.save(updateOp("newer", "one", 1, [smallB, smallC]), [smallB, smallC]);
        await client.save(deleteOp("gone", "one", 2), []);
        stage.world.scheduler.now += 30 * day + 1;
      }),
    actors: (stage) => [
      saver(stage, "committer", 1, (client) => client.save(createOp("again", [smallA]), [smallA], { trusting: true })),
      saver(stage, "uploader", 1, (client) => client.save(createOp("two", [smallB, smallC]), [smallB, smallC])),
      stage.releaser(),
      stage.collector(4),
    ],
  },
  {
    name: "two devices at one file",
    users: 2,
    before: (stage) => setUp(stage, 1, (client) => client.save(createOp("one", [largeA, smallA]), [largeA, smallA])),
    actors: (stage) => [
      saver(stage, "first", 1, (client) => client.save(updateOp("left", "one", 1, [largeB, smallA]), [largeB, smallA])),
      saver(stage, "second", 1, (client) => client.save(updateOp("right", "one", 1, [largeB, smallB]), [largeB, smallB])),
      thief(stage, 2),
      stage.device("reader", 1, async (client) => {
        await client.attempt(() => client.read([largeA, largeB, smallA, smallB]));
        await client.attempt(() => client.read([largeA, largeB, smallA, smallB]));
      }),
      stage.releaser(),
      stage.collector(),
    ],
  },
  {
    name: "a file edited over and over",
    users: 1,
    before: (stage) => setUp(stage, 1, (client) => client.save(createOp("one", [largeA, smallA]), [largeA, smallA])),
    actors: (stage) => [
      saver(stage, "editor", 1, async (client) => {
        await client.save(updateOp("edit1", "one", 1, [largeB, smallB]), [largeB, smallB]);
        await client.save(updateOp("edit2", "one", 2, [largeA, smallA]), [largeA, smallA], { trusting: true });
        await client.save(updateOp("edit3", "one", 3, [largeB, smallC]), [largeB, smallC], { trusting: true });
      }),
      stage.releaser(),
      stage.collector(4),
    ],
  },
];
