import * as fc from "fast-check";
import { expect, it } from "vitest";
import { citationsOf, contentsFaults, rulesOf, specFaults } from "../spec/rules.ts";

const spec = (text: string) => ({ file: "docs/spec/x.md", text });
// Put in from here: written out below, the checker would read the titles there as this file's own.
const names = { it: "it", test: "test" };
const cited = (text: string) => citationsOf({ file: "x.test.ts", text }).map(({ id }) => id);
const titled = (...titles: string[]) => ({
  file: "x.test.ts",
  text: titles.map((title) => `  ${names.it}("${title}", () => {});`).join("\n"),
});

it("O23 a rule with a test and a test with a rule are in order", () => {
  expect(specFaults([spec("# X\n\n- **X1** One.\n- **X2** Two.\n")], [titled("X1 one", "X2 two, at the limit", "plain")])).toEqual([]);
});

it("O23 a rule without a test, a citation without a rule, and an id given twice are named with their lines", () => {
  expect(specFaults([spec("- **X1** One.\n- **X2** Two.\n- **X1** Again.")], [titled("X1 one", "X9 nine")])).toEqual([
    "docs/spec/x.md:3: X1 is also at docs/spec/x.md:1",
    "docs/spec/x.md:2: no test cites X2",
    "x.test.ts:2: there is no rule X9",
  ]);
});

it("O23 a line that only looks like a rule is named, not passed over", () => {
  for (const line of ["- **X1**: One.", "- X1 One.", "* **X1** One."])
    expect(rulesOf(spec(line))).toEqual({ rules: [], faults: ['docs/spec/x.md:1: write a rule as "- **X1** One sentence." on one line'] });
  expect(rulesOf(spec("- plain text\n\nX1 in prose")).faults).toEqual([]);
});

it("O23 ids are read from the start of every kind of title, and from nowhere else", () => {
  expect(cited(`${names.it}.each([1, 2])("A1 each", f)`)).toEqual(["A1"]);
  expect(cited(`${names.test}('A2 A3 both', f)`)).toEqual(["A2", "A3"]);
  expect(cited(`${names.it}(\n  "A4 below", f)`)).toEqual(["A4"]);
  expect(cited(`${names.it}("keeps I1 and SHA256 whole", f); expect("A5 no").toBe(1)`)).toEqual([]);
});

it("O23 any set of rules, each cited, is without fault, and any that is left out is found", () => {
  const ids = fc.uniqueArray(
    fc.tuple(fc.constantFrom("A", "B", "ZZ"), fc.nat({ max: 999 })).map(([prefix, number]) => prefix + number),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(ids, fc.nat(), (all, pick) => {
      const text = all.map((id) => `- **${id}** It holds.`).join("\n");
      const left = all[pick % all.length] ?? "";
      expect(specFaults([spec(text)], [titled(...all.map((id) => `${id} holds`))])).toEqual([]);
      const faults = specFaults([spec(text)], [titled(...all.filter((id) => id !== left).map((id) => `${id} holds`))]);
      expect(faults).toEqual([expect.stringContaining(`no test cites ${left}`)]);
    }),
  );
});

it("O23 the table of contents links every part, and nothing else", () => {
  expect(contentsFaults("[A](spec/a.md) [B](spec/b.md)", ["a.md", "b.md"])).toEqual([]);
  expect(contentsFaults("[A](spec/a.md)", ["b.md"])).toEqual(["docs/SPEC.md: link spec/b.md", "docs/SPEC.md: there is no spec/a.md"]);
});
