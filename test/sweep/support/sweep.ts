/**
 * Two devices of one account: both change everything, the victim syncs and is struck at one system call, is started again, and
 * then everything must be as if nothing had happened.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { examine } from "@ashlar/client/node/doctor";
import { openHome } from "@ashlar/client/node/home";
import { eventually } from "../../e2e/support/eventually.ts";
import { openHouse, type Device, type House } from "../../e2e/support/house.ts";
import { difference, readTree, type Tree } from "../../e2e/support/tree.ts";
import type { Running } from "../../e2e/support/command.ts";
import { editAll, settle } from "./edits.ts";
import { faultText, type Fault } from "../../e2e/support/fault.ts";
import { countCalls, requireStrace, strike } from "../../e2e/support/struck.ts";

export type Verdict = { readonly isHit: boolean; readonly faults: readonly string[] };

/** Where the victim and the other device make their changes. */
const parts = ["here", "there"] as const;

export class Sweep implements AsyncDisposable {
  readonly #house: House;
  readonly #victim: Device;
  readonly #other: Device;
  readonly #running: Running;
  #turn = 0;

  private constructor(house: House, victim: Device, other: Device, running: Running) {
    this.#house = house;
    this.#victim = victim;
    this.#other = other;
    this.#running = running;
  }

  static async open(): Promise<Sweep> {
    requireStrace();
    const house = await openHouse();
    const email = "sweep@example.org";
    const victim = await house.device("victim", { email, register: true, direct: true });
    const other = await house.device("other", { email, direct: true });
    for (const part of parts) await settle(join(victim.folder, part));
    await victim.once();
    await other.once();
    // Such a tree changes by more than a quarter at each turn, which is meant.
    return new Sweep(house, victim, other, other.start(["--allow-mass-delete"]));
  }

  /** How often the victim's threads make each call when nothing happens to it. */
  async count(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const thread of ["main", "worker"] as const) {
      const expected = await this.#change();
      for (const [key, count] of await countCalls(thread, this.#options)) counts.set(key, count);
      await this.#arrive(expected);
    }
    return counts;
  }

  async strike(fault: Fault): Promise<Verdict> {
    const before = await readTree(this.#victim.folder);
    const expected = await this.#change();
    const changed = await readTree(this.#victim.folder);
    const { code, output, isHit } = await strike(fault, this.#options);
    const faults = [...endingFaults(fault, code, output), ...halfWritten(await readTree(this.#victim.folder), [before, changed, expected])];
    const again = await this.#victim.run(["sync", this.#victim.folder, "--once", "--json", "--allow-mass-delete"]);
    if (again.code !== 0) faults.push(`started again it ended with ${again.code}: ${again.stderr}${again.stdout.slice(-1000)}`);
    try {
      await this.#arrive(expected);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
    faults.push(...(await this.#examine()));
    if (faults.length > 0) await this.#recover(expected);
    return { isHit, faults: faults.map((text) => `${faultText(fault)}: ${text}`) };
  }

  get #options() {
    return { folder: this.#victim.folder, home: this.#victim.home, log: join(this.#house.directory, "strace.log") };
  }

  /** Everything on both devices; answers what both must then have. The other one's changes are at the server by then. */
  async #change(): Promise<Tree> {
    const turn = this.#turn++;
    const [here, there] = parts;
    const heard = this.#equals;
    await editAll(join(this.#other.folder, there), turn);
    await editAll(join(this.#victim.folder, here), turn);
    await eventually(() => (this.#equals > heard ? undefined : `the other device is equal: ${this.#running.stderr()}`));
    const [ofVictim, ofOther] = [await readTree(this.#victim.folder), await readTree(this.#other.folder)];
    return new Map([...partOf(ofVictim, here), ...partOf(ofOther, there)]);
  }

  get #equals(): number {
    return this.#running.events.filter(({ type }) => type === "equal").length;
  }

  async #arrive(expected: Tree): Promise<void> {
    for (const device of [this.#victim, this.#other]) {
      await eventually(async () => {
        const differs = difference(expected, await readTree(device.folder).catch(() => new Map<string, string>()));
        return differs === undefined ? undefined : `expected <> on the ${device.name}: ${differs}`;
      });
    }
  }

  /** What came of one fault is not to be found again with the next. */
  async #recover(expected: Tree): Promise<void> {
    const left = [...(await readTree(this.#victim.folder)).keys()].filter((path) => !expected.has(path));
    for (const path of left) await rm(join(this.#victim.folder, path), { recursive: true, force: true });
    await this.#victim.run(["sync", this.#victim.folder, "--once", "--allow-mass-delete"]);
    await this.#victim.run(["reconcile", this.#victim.folder]);
  }

  async #examine(): Promise<string[]> {
    const home = await openHome(this.#victim.home);
    const findings = [];
    for (const folder of await home.folders())
      findings.push(...(await examine({ home, folder, deep: false, signal: new AbortController().signal, now: () => Date.now() })));
    return findings.map(({ kind, path, detail }) => `the doctor finds ${kind} ${path} ${detail ?? ""}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
    await rm(this.#options.log, { force: true });
    await this.#house[Symbol.asyncDispose]();
  }
}

function partOf(tree: Tree, part: string): [string, string][] {
  return [...tree].filter(([path]) => path === part || path.startsWith(`${part}/`));
}

/** A command that met a failure says so in a sentence; a stack is for what nobody foresaw. */
function endingFaults({ blow }: Fault, code: number | null, output: string): string[] {
  if (blow === "KILL") return code === null || code === 0 || code === 137 ? [] : [`it ended with ${code}: ${output.slice(-1500)}`];
  if (code !== 0 && code !== 1 && code !== 3) return [`it ended with ${code}: ${output.slice(-1500)}`];
  return /^ +at /m.test(output) ? [`it told of a failure that nobody foresaw: ${output.slice(-1500)}`] : [];
}

const contentOf = (what: string) => what.replace(/^file \d+ /, "");

/** I6: at no moment has a file other content than one that somebody saved in one piece. */
function halfWritten(now: Tree, whole: readonly Tree[]): string[] {
  const known = new Set(whole.flatMap((tree) => [...tree.values()].map(contentOf)));
  return [...now]
    .filter(([, what]) => what.startsWith("file ") && !known.has(contentOf(what)))
    .map(([path, what]) => `right after it ${path} is ${what}, which nobody saved`);
}
