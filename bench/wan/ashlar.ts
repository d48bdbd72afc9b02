/** The real command on two devices that listen, each with a link of its own to a real edge. */
import { mkdir } from "node:fs/promises";
import type { Running } from "../../test/e2e/support/command.ts";
import { eventually } from "../../test/e2e/support/eventually.ts";
import { openHouse } from "../../test/e2e/support/house.ts";
import { openLink } from "../link/link.ts";
import type { Contender, Session } from "./session.ts";
import { secondsUntil } from "./until.ts";

export const ashlar: Contender = {
  name: "Ashlar",
  way: "two devices that listen, through the edge; each change settles for 250 ms",
  async open(directory, lanes) {
    await using stack = new AsyncDisposableStack();
    const house = stack.use(await openHouse({}, { directory }));
    const port = Number(new URL(house.edge().url).port);
    const links = { a: stack.use(await openLink({ port, ...lanes })), b: stack.use(await openLink({ port, ...lanes })) };
    const email = "race@example.org";
    const a = await house.device("A", { email, register: true, server: links.a.url });
    const b = await house.device("B", { email, server: links.b.url });
    for (const { folder } of [a, b]) await mkdir(folder, { recursive: true });
    // A tree that is mostly deleted would otherwise wait for a person.
    const onA = stack.use(a.start(["--allow-mass-delete"]));
    const onB = stack.use(b.start(["--allow-mass-delete"]));
    await eventually(() => ([onA, onB].every(isLive) ? undefined : "both devices are live and equal"));
    const owned = stack.move();
    return {
      a: a.folder,
      b: b.folder,
      throughServer: true,
      live: true,
      processes: new Map([
        ["A", onA.pid],
        ["B", onB.pid],
        ["edge", house.edge().pid],
      ]),
      bytes: () => ({ up: links.a.counts(), down: links.b.counts() }),
      async carry({ make, arrived, isTouch }, _meter, signal) {
        const before = cursorOf(onA);
        const eventsBefore = onA.events.length;
        const startedMs = performance.now();
        await make();
        if (isTouch === true) {
          const seconds = await secondsUntil(startedMs, () => onA.events.length > eventsBefore, signal);
          return { upSeconds: seconds, seconds };
        }
        const hasSent = () => {
          const fault = onA.exitCode() ?? onB.exitCode();
          if (fault !== undefined) throw new Error(`a device ended: ${onA.stderr()}${onB.stderr()}`);
          return cursorOf(onA) > before;
        };
        const [upSeconds, seconds] = await Promise.all([
          secondsUntil(startedMs, hasSent, signal),
          secondsUntil(startedMs, () => arrived(b.folder), signal),
        ]);
        // Both have said so too, before anything else is asked of them.
        await secondsUntil(startedMs, () => cursorOf(onA) === cursorOf(onB), signal);
        return { upSeconds, seconds };
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    } satisfies Session;
  },
};

const cursorOf = ({ events }: Running): number => Number(events.findLast(({ type }) => type === "equal")?.["cursor"] ?? -1);

const isLive = (running: Running): boolean =>
  cursorOf(running) >= 0 && running.events.some(({ type, state }) => type === "feed" && state === "live");
