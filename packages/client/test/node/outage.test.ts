import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeCondition } from "../../src/engine/status.ts";
import { openDatabase } from "../../src/node/database.ts";
import { folderStatus } from "../../src/node/folder-status.ts";
import { noteOutages } from "../../src/node/outage.ts";
import { watchReach } from "../../src/node/reach.ts";
import { Trees } from "../../src/trees/trees.ts";

it("M26 an outage is known from its first failure until the server is heard again, to other processes too", async () => {
  const directory = await mkdtemp(join(tmpdir(), "ashlar-outage-"));
  const path = join(directory, "state.sqlite");
  const database = openDatabase(path, 0);
  try {
    const shown = () => {
      const status = folderStatus({ directory, database: path, blocks: "", early: "", lock: "", holder: "", control: "" }, 0);
      return typeof status === "string" ? status : status.outage;
    };
    writeCondition(new Trees(database, { caseSensitive: true }), {
      state: "offline",
      feed: "offline",
      lastSyncedAtMs: null,
      question: undefined,
      unwatched: 0,
    });
    let now = 5;
    const note = noteOutages(database, { now: () => now });
    expect(shown()).toBeUndefined();
    note({ type: "offline", why: "The cable is cut.", retryInMs: 1 });
    now = 6;
    note({ type: "offline", why: "The name is unknown.", retryInMs: 1 });
    expect(shown()).toEqual({ sinceMs: 5, why: "The name is unknown.", nextTryMs: 7 });
    note({ type: "applied", side: "local", change: "create", path: "a" });
    expect(shown()).toBeDefined();
    note({ type: "feed", state: "live", why: undefined });
    expect(shown()).toBeUndefined();
  } finally {
    database.close();
    await rm(directory, { recursive: true });
  }
});

it("M24 two failures in a row are an outage, told once until an answer comes", async () => {
  const answer = { status: 200, headers: {}, body: new Uint8Array() };
  const outcomes = ["fails", "answers", "fails", "fails", "fails", "answers", "fails", "fails"];
  const told: string[] = [];
  const http = watchReach(
    {
      async request() {
        if (outcomes.shift() === "fails") throw new Error(`${outcomes.length} to come`);
        return answer;
      },
    },
    (why) => told.push(why),
  );
  while (outcomes.length > 0)
    await http
      .request({ method: "GET", path: "/", headers: {}, body: undefined, answerBytesMax: 1, signal: undefined })
      .catch(() => undefined);
  expect(told).toEqual(["4 to come", "0 to come"]);
});
