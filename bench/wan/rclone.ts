/** rclone: after each change from A to a server (its own, by SFTP), and then from there to B. */
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openLink } from "../link/link.ts";
import { freePort, runCommand, startService } from "./command.ts";
import type { Meter } from "./meter.ts";
import type { Contender, Session } from "./session.ts";

/** Much at a time, since each file takes several round trips; renames are recognised in the way that reads no content. */
const options = ["--transfers", "16", "--checkers", "16", "--track-renames", "--track-renames-strategy", "modtime,leaf", "--quiet"];
const user = "race";

export const rclone: Contender = {
  name: "rclone",
  needs: { program: "rclone", from: "apt install rclone" },
  way: "sync to its SFTP server after each change, then from there to B",
  sendsWhole: true,
  async open(directory, lanes) {
    await using stack = new AsyncDisposableStack();
    const [a, far, b, cache] = ["a", "far", "b", "cache"].map((name) => join(directory, name));
    if (a === undefined || far === undefined || b === undefined || cache === undefined) throw new Error("no folders");
    for (const folder of [a, far, b, cache]) await mkdir(folder, { recursive: true });
    const env = { RCLONE_CONFIG: join(directory, "none.conf"), RCLONE_CACHE_DIR: cache };
    const port = await freePort();
    const serve = ["serve", "sftp", far, "--addr", `127.0.0.1:${port}`, "--user", user, "--pass", user, "--quiet"];
    const server = stack.use(await startService("rclone", serve, { env, port }));
    const links = { a: stack.use(await openLink({ port, ...lanes })), b: stack.use(await openLink({ port, ...lanes })) };
    const hidden = execFileSync("rclone", ["obscure", user], { encoding: "utf8" }).trim();
    const remote = (linkPort: number) => `:sftp,host=127.0.0.1,port=${linkPort},user=${user},pass=${hidden},disable_hashcheck=true:`;
    const sync = (from: string, to: string, meter: Meter, signal: AbortSignal) =>
      runCommand("rclone", ["sync", from, to, ...options], { env, meter, signal });
    const owned = stack.move();
    return {
      a,
      b,
      throughServer: true,
      live: false,
      processes: new Map([["server", server.pid]]),
      bytes: () => ({ up: links.a.counts(), down: links.b.counts() }),
      async carry({ make }, meter, signal) {
        const startedMs = performance.now();
        await make();
        await sync(a, remote(links.a.port), meter, signal);
        const upSeconds = (performance.now() - startedMs) / 1000;
        await sync(remote(links.b.port), b, meter, signal);
        return { upSeconds, seconds: (performance.now() - startedMs) / 1000 };
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    } satisfies Session;
  },
};
