import { expect, it } from "vitest";
import { openTerminal, printable } from "../src/terminal.ts";
import { capture } from "./surroundings.ts";

it("M8 with --json, stdout carries objects only, and words for people go to stderr", () => {
  const stdout = capture();
  const stderr = capture();
  const terminal = openTerminal({ stdout, stderr, env: {}, json: true });
  terminal.say("hello");
  terminal.emit({ type: "equal", cursor: 3 });
  terminal.warn("careful");
  terminal.progress("half");
  expect(stdout.text).toBe('{"type":"equal","cursor":3}\n');
  expect(stderr.text).toBe("careful\n");
});

it("M8 without --json, no object is written", () => {
  const stdout = capture();
  const terminal = openTerminal({ stdout, stderr: capture(), env: {}, json: false });
  terminal.emit({ type: "equal" });
  terminal.say("hello");
  expect(stdout.text).toBe("hello\n");
});

it.each([
  { what: "a terminal", isTTY: true, env: {}, colours: true },
  { what: "no terminal", isTTY: false, env: {}, colours: false },
  { what: "NO_COLOR", isTTY: true, env: { NO_COLOR: "1" }, colours: false },
  { what: "an empty NO_COLOR", isTTY: true, env: { NO_COLOR: "" }, colours: true },
  { what: "a dumb terminal", isTTY: true, env: { TERM: "dumb" }, colours: false },
])("M9 with $what there are colours: $colours", ({ isTTY, env, colours }) => {
  const terminal = openTerminal({ stdout: capture(isTTY), stderr: capture(isTTY), env, json: false });
  expect(terminal.paint.red("x") !== "x").toBe(colours);
});

it("M10 the moving line is only on a terminal, fits it, and makes room for other lines", () => {
  const stderr = capture(true);
  const stdout = capture(true);
  const terminal = openTerminal({ stdout, stderr, env: {}, json: false });
  terminal.progress("x".repeat(200));
  expect(stderr.text).toBe("x".repeat(79));
  stderr.text = "";
  terminal.say("a line");
  terminal.progress("more");
  terminal.progress("");
  expect(stdout.text).toBe("a line\n");
  expect(stderr.text).toBe("\r\u001b[2Kmore\r\u001b[2K");

  const piped = capture(false);
  const quiet = openTerminal({ stdout: capture(), stderr: piped, env: {}, json: false });
  quiet.progress("half");
  expect(quiet.moves).toBe(false);
  expect(piped.text).toBe("");
});

it("M16 a name cannot steer the terminal it is shown on", () => {
  expect(printable("caf\u00e9 \u{1f9f1}.txt")).toBe("caf\u00e9 \u{1f9f1}.txt");
  expect(printable("a\u001b[2Jb")).toBe("ab");
  expect(printable("two\nlines\u0007")).toBe("two\ufffdlines\ufffd");
  expect(printable("\u202etxt.exe")).toBe("\ufffdtxt.exe");
});
