import type { EngineEvent } from "@ashlar/client/engine/types";
import { expect, it } from "vitest";
import { eventLines, eventText } from "../src/event-text.ts";
import { openTerminal } from "../src/terminal.ts";
import { capture } from "./surroundings.ts";

const { paint } = openTerminal({ stdout: capture(), stderr: capture(), env: {}, json: false });

it.each<[EngineEvent, RegExp]>([
  [{ type: "applied", side: "local", change: "create", path: "a/b.txt" }, /^received\s+new\s+a\/b\.txt$/],
  [{ type: "applied", side: "remote", change: "delete", path: "c" }, /^sent\s+delete\s+c$/],
  [{ type: "conflict", path: "a.txt", copy: "a (copy).txt" }, /a\.txt was changed on two devices.*a \(copy\)\.txt.*delete the copy/],
  [
    { type: "waiting", path: "a", reason: "busy", detail: "Another program has it open.", nextTryMs: null },
    /a: Another program has it open\.$/,
  ],
  [{ type: "waiting", path: "a", reason: "busy", detail: "Open.", nextTryMs: 0 }, /Next try \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.$/],
  [{ type: "offline", why: "The server cannot be reached.", retryInMs: 5000 }, /The server cannot be reached\. Next try in 5 s\./],
  [{ type: "offline", why: "connect ECONNREFUSED", retryInMs: 20 }, /connect ECONNREFUSED\. Next try now\.$/],
  [{ type: "needs-person", question: "The folder is gone." }, /The folder is gone\./],
  [{ type: "equal", cursor: 12 }, /up to change 12/],
  [{ type: "feed", state: "polling", why: "a proxy is in the way" }, /a proxy is in the way/],
])("M16 %j says what happened, to which file, and what to do", (event, text) => {
  expect(eventText(event, paint)).toMatch(text);
});

it.each<EngineEvent>([
  { type: "scan", foldersSeen: 1, entriesSeen: 1, found: 0 },
  { type: "upload", path: "a", bytes: 1, size: 2 },
  { type: "download", path: "a", bytes: 1, size: 2 },
])("M10 $type only moves the progress line", (event) => {
  expect(eventText(event, paint)).toBeUndefined();
});

it("M16 equality up to the same change is said again only after something else", () => {
  const lineOf = eventLines(paint);
  const said = [
    lineOf({ type: "equal", cursor: 1 }),
    lineOf({ type: "scan", foldersSeen: 1, entriesSeen: 1, found: 0 }),
    lineOf({ type: "equal", cursor: 1 }),
    lineOf({ type: "feed", state: "live", why: undefined }),
    lineOf({ type: "equal", cursor: 1 }),
    lineOf({ type: "equal", cursor: 2 }),
  ];
  expect(said.map((line) => line !== undefined)).toEqual([true, false, false, true, true, true]);
});
