import { createHistoryEdge } from "@ashlar/client/edge/history";
import { readRewindPlan } from "@ashlar/client/history/rewind";
import { openConnection } from "@ashlar/client/node/connection";
import type { RewindCounts, RewindPlan } from "@ashlar/shared/history/rewind-plan";
import { rootId } from "@ashlar/shared/ids";
import { exitCodes, FailedError, UsageError, type ExitCode } from "../exit-code.ts";
import { bytesText, countText, timeText } from "../quantity.ts";
import { carryOutShown, dateText } from "../steps-out.ts";
import { findMeant, meantPath } from "../synced-path.ts";
import { printable, type Terminal } from "../terminal.ts";
import type { World } from "../world.ts";

export type RewindOptions = { readonly to: number; readonly yes?: true; readonly json?: true };

const lostShownMax = 10;

export async function rewind(path: string, { to, yes, json }: RewindOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: json === true });
  const signal = world.stopSignal();
  const home = await world.openHome();
  const meant = await meantPath(home, path, world.cwd);
  await using connection = openConnection(home, meant.account);
  const history = createHistoryEdge(connection.call);
  const found = await findMeant(history, meant);
  const date = dateText(world.now());
  const plan = await readRewindPlan(history, { scope: found.chain.at(-1)?.node ?? rootId, to, date, signal });
  showPlan(plan, { path: found.path, to }, terminal);
  if (plan.steps.length === 0) return exitCodes.done;
  if (yes !== true) await agreed(world);

  const goOn = `Run it again with --to ${new Date(to).toISOString()} to go on.`;
  const left = await carryOutShown(plan.steps, { connection, terminal, signal, date, goOn });
  const done = plan.steps.length - left.length;
  terminal.emit({ type: "rewound", path: found.path, toMs: to, done, left: left.map(({ step, reason }) => ({ node: step.node, reason })) });
  if (left.length === 0) {
    terminal.say("Done. A device that syncs has it in a moment; where much is deleted by it, that device asks first.");
    return exitCodes.done;
  }
  terminal.warn(
    `${terminal.paint.yellow("ashlar:")} ${countText(left.length, "step")} of ${plan.steps.length} could not be done, since something changed meanwhile: that stayed as it is. ${goOn}`,
  );
  return exitCodes.needsPerson;
}

async function agreed({ prompt }: World): Promise<void> {
  if (!prompt.interactive) throw new UsageError("There is no terminal to ask on: add --yes to carry this out. Nothing was changed.");
  const answer = await prompt.ask("Carry this out? (y/n)", "n");
  if (!/^y(es)?$/i.test(answer)) throw new FailedError("Nothing was changed.");
}

function showPlan({ counts, lost, steps }: RewindPlan, { path, to }: { path: string; to: number }, terminal: Terminal): void {
  terminal.emit({ type: "plan", path, toMs: to, ...counts, steps: steps.length, lost });
  const what = path === "" ? "Everything" : printable(path);
  if (steps.length === 0) terminal.say(`${what} is as it was at ${timeText(to)}: nothing to do.`);
  else {
    terminal.say(`${terminal.paint.bold(what)} back to how it was at ${timeText(to)}:`);
    for (const line of countLines(counts)) terminal.say(`  ${line}`);
    terminal.say("  Nothing is lost: what is there now stays in history for 30 days, and a rewind can be rewound.");
  }
  if (lost.length === 0) return;
  terminal.say(terminal.paint.yellow(`  ${countText(lost.length, "item")} cannot be brought back as they were: no longer kept.`));
  for (const name of lost.slice(0, lostShownMax)) terminal.say(`    ${printable(name)}`);
}

function countLines({ restored, moved, changed, removed, bytes }: RewindCounts): string[] {
  const lines: string[] = [];
  if (restored > 0) lines.push(`${countText(restored, "item")} restored from the trash`);
  if (changed > 0) lines.push(`${countText(changed, "file")} changed back to an older version`);
  if (moved > 0) lines.push(`${countText(moved, "item")} moved or renamed back`);
  if (removed > 0) lines.push(`${countText(removed, "item")} removed that did not exist then`);
  if (bytes > 0) lines.push(`${bytesText(bytes)} of content come back`);
  return lines;
}
