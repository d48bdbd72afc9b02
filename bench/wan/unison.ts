/** Unison: one run for each change, with its server at the other end of the link. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openLink } from "../link/link.ts";
import { freePort, runCommand, startService } from "./command.ts";
import type { Contender, Session } from "./session.ts";

const quiet = ["-batch", "-auto", "-silent", "-times", "-confirmbigdel=false", "-contactquietly"];

export const unison: Contender = {
  name: "Unison",
  needs: { program: "unison", from: "apt install unison" },
  way: "run once after each change, with B at the other end",
  async open(directory, lanes) {
    await using stack = new AsyncDisposableStack();
    const [a, b, homeA, homeB] = await Promise.all(
      ["a", "b", "home-a", "home-b"].map(async (name) => {
        await mkdir(join(directory, name), { recursive: true });
        return join(directory, name);
      }),
    );
    if (a === undefined || b === undefined || homeA === undefined || homeB === undefined) throw new Error("no folders");
    const port = await freePort();
    const server = stack.use(await startService("unison", ["-socket", String(port)], { env: { UNISON: homeB }, port }));
    const link = stack.use(await openLink({ port, ...lanes }));
    const owned = stack.move();
    return {
      a,
      b,
      throughServer: false,
      live: false,
      processes: new Map([["server", server.pid]]),
      bytes: () => ({ up: link.counts(), down: link.counts() }),
      async carry({ make }, meter, signal) {
        const startedMs = performance.now();
        await make();
        await runCommand("unison", [a, `socket://127.0.0.1:${link.port}/${b}`, ...quiet], { env: { UNISON: homeA }, meter, signal });
        const seconds = (performance.now() - startedMs) / 1000;
        return { upSeconds: seconds, seconds };
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    } satisfies Session;
  },
};
