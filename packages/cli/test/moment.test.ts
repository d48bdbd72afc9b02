import { expect, it } from "vitest";
import { parseMoment } from "../src/moment.ts";

const now = new Date(2026, 10, 22, 14, 30, 0).getTime();
const local = (...parts: [number, number, number, number?, number?, number?, number?]) => new Date(...parts).getTime();

it.each([
  ["45s", now - 45_000],
  ["90m", now - 90 * 60_000],
  ["90 min", now - 90 * 60_000],
  ["2h", now - 2 * 3_600_000],
  ["2h ago", now - 2 * 3_600_000],
  ["3d", now - 3 * 86_400_000],
  ["1w", now - 7 * 86_400_000],
  ["14:00", local(2026, 10, 22, 14)],
  ["today 9:05", local(2026, 10, 22, 9, 5)],
  ["yesterday 14:00", local(2026, 10, 21, 14)],
  ["yesterday", local(2026, 10, 21)],
  ["2026-11-22", local(2026, 10, 22)],
  ["2026-11-01 08:15", local(2026, 10, 1, 8, 15)],
  ["2026-11-01T08:15:30", local(2026, 10, 1, 8, 15, 30)],
  ["2026-11-01T08:15:30.5", local(2026, 10, 1, 8, 15, 30, 500)],
  ["2026-11-01T08:15:30Z", Date.UTC(2026, 10, 1, 8, 15, 30)],
  ["2026-11-01T08:15:30.123Z", Date.UTC(2026, 10, 1, 8, 15, 30, 123)],
  ["2026-11-01T08:15+01:00", Date.UTC(2026, 10, 1, 7, 15)],
])("V19 %s is a moment", (text, moment) => {
  expect(parseMoment(text, now)).toBe(moment);
});

it.each([
  "",
  "soon",
  "2",
  "2x",
  "-2h",
  "25:00",
  "14:60",
  "2026-13-01",
  "2026-11-31",
  "2026-11",
  "22.11.2026",
  "14:31",
  "2027-01-01",
  "tomorrow",
])("V19 %j is no moment in the past", (text) => {
  expect(() => parseMoment(text, now)).toThrow(/It must be|future/);
});
