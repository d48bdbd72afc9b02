import type { Finding } from "@ashlar/client/doctor/finding";
import { examine } from "@ashlar/client/node/doctor";
import { folderHolder } from "@ashlar/client/node/folder-lock";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { knownFolders } from "../known-folders.ts";
import { countText } from "../quantity.ts";
import { sentence } from "../sentence.ts";
import { printable, type Terminal } from "../terminal.ts";
import type { World } from "../world.ts";

export type DoctorOptions = { readonly deep?: true; readonly json?: true };

/** For people, so many of one kind are named; `--json` names all. */
const namedMax = 10;

export async function doctor(dir: string | undefined, options: DoctorOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const signal = world.stopSignal();
  const home = await world.openHome();
  let code: ExitCode = exitCodes.done;
  for (const folder of await knownFolders(home, dir, world.cwd)) {
    const running = (await folderHolder(home.paths(folder))) !== undefined;
    const findings = await examine({ home, folder, deep: options.deep === true, signal, now: () => world.now() });
    for (const found of findings) terminal.emit({ type: "finding", folder: folder.path, ...found, detail: found.detail ?? null });
    const people = findings.filter(({ mendedBy }) => mendedBy !== "itself").length;
    terminal.emit({ type: "examined", folder: folder.path, running, findings: findings.length, needPerson: people });
    terminal.say(`${terminal.paint.bold(printable(folder.path))}${running ? " (being synced now)" : ""}`);
    tell(findings, terminal);
    if (people > 0) code = exitCodes.needsPerson;
  }
  return code;
}

function tell(findings: readonly Finding[], terminal: Terminal): void {
  if (findings.length === 0) terminal.say(`  ${terminal.paint.green("Disk, database and server agree.")}`);
  for (const [, same] of Map.groupBy(findings, ({ kind }) => kind)) {
    const [first] = same;
    if (first === undefined) continue;
    const { paint } = terminal;
    const name = first.mendedBy === "itself" ? paint.dim(first.kind) : paint.yellow(first.kind);
    terminal.say(`  ${name}: ${first.means} ${first.mend}`);
    for (const { path, detail } of same.slice(0, namedMax)) {
      const what = detail === undefined ? "" : sentence(printable(detail));
      const line = [path === "" ? "" : printable(path), what].filter((part) => part !== "").join(": ");
      if (line !== "") terminal.say(`    ${line}`);
    }
    if (same.length > namedMax) terminal.say(`    and ${countText(same.length - namedMax, "more", "more")}: --json names them all`);
  }
}
