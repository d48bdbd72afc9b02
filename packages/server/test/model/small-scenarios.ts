/** Worlds small enough for every schedule of them to be tried. */
import { leaseMs } from "@ashlar/shared/limits";
import { createOp, deleteOp, updateOp } from "./client.ts";
import type { Budget } from "./options.ts";
import { largeA, smallA, smallB, type Scenario, setUp, toTheEndOfLeases } from "./stage.ts";

export type SmallScenario = Scenario & { readonly budget: Partial<Budget> };

const historyMs = 30 * 24 * 3600_000;

export const smallScenarios: readonly SmallScenario[] = [
  {
    name: "two uploaders, one crash, one jump",
    users: 2,
    budget: { crashes: 1, jumps: 1 },
    actors: (stage) => [1, 2].map((user) => stage.device(`uploader of u${user}`, user, (client) => client.upload(largeA))),
  },
  {
    name: "a committer and the collector at the end of a lease",
    users: 1,
    budget: { jumps: 1 },
    before: async (stage) => {
      await setUp(stage, 1, (client) => client.upload(largeA));
      toTheEndOfLeases(stage);
    },
    actors: (stage) => [
      stage.device("committer of u1", 1, (client) => client.save(createOp("one", [largeA]), [largeA], { trusting: true })),
      stage.collector(1),
    ],
  },
  {
    name: "an uploader and the collector after another's lease, one crash, one call fails",
    users: 2,
    budget: { crashes: 1, faults: 1 },
    before: async (stage) => {
      await setUp(stage, 1, (client) => client.upload(largeA));
      stage.world.scheduler.now += leaseMs + 1;
    },
    actors: (stage) => [stage.device("uploader of u2", 2, (client) => client.upload(largeA)), stage.collector(1)],
  },
  {
    name: "an uploader and the collector, two calls fail",
    users: 2,
    budget: { faults: 2 },
    before: async (stage) => {
      await setUp(stage, 1, (client) => client.upload(largeA));
      stage.world.scheduler.now += leaseMs + 1;
    },
    actors: (stage) => [stage.device("uploader of u2", 2, (client) => client.upload(largeA)), stage.collector(1)],
  },
  {
    name: "a committer and the end of a pack that nothing uses, one crash, one jump",
    users: 1,
    budget: { jumps: 1, crashes: 1 },
    before: async (stage) => {
      await setUp(stage, 1, (client) => client.upload(smallA));
      toTheEndOfLeases(stage);
    },
    actors: (stage) => [
      stage.device("committer of u1", 1, (client) => client.save(createOp("one", [smallA]), [smallA], { trusting: true })),
      stage.releaser(),
    ],
  },
  {
    name: "a committer and a releaser of one block, two calls fail",
    users: 1,
    budget: { faults: 2 },
    before: (stage) =>
      setUp(stage, 1, async (client) => {
        await client.save(createOp("one", [largeA, smallB]), [largeA, smallB]);
        await client.save(deleteOp("gone", "one", 1), []);
        stage.world.scheduler.now += historyMs + 1;
      }),
    actors: (stage) => [
      stage.device("committer of u1", 1, (client) => client.save(createOp("two", [largeA, smallB]), [largeA, smallB], { trusting: true })),
      stage.releaser(),
    ],
  },
  {
    name: "a commit that another one makes void, one crash",
    users: 1,
    budget: { crashes: 1 },
    before: (stage) =>
      setUp(stage, 1, async (client) => {
        await client.save(createOp("one", [smallA]), [smallA]);
        await client.upload(largeA);
      }),
    actors: (stage) => [
      stage.device("editor of u1", 1, (client) => client.save(updateOp("edit", "one", 1, [largeA]), [largeA], { trusting: true })),
      stage.device("deleter of u1", 1, (client) => client.save(deleteOp("gone", "one", 1), [])),
    ],
  },
];
