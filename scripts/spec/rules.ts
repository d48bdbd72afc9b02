/** Rules of docs/spec, and the tests that cite them. */
export type Rule = { readonly id: string; readonly text: string; readonly file: string; readonly line: number };
export type Citation = { readonly id: string; readonly file: string; readonly line: number };
/** Something to mend, as a person reads it: `file:line: what`. */
export type Fault = string;

type Source = { readonly file: string; readonly text: string };

const rulePattern = /^- \*\*([A-Z]+\d+)\*\* (.+)$/;
const almostRule = /^\s*[-*] .{0,3}\b[A-Z]{1,3}\d+\b/;
/** Ids at the start of a title: `B3 ...`, or `B3 B4 ...` for a test that proves more than one. */
const titlePattern = /\b(?:it|test|describe)(?:\.[\w.]+(?:\([^)]*\))?)?\(\s*["'`]((?:[A-Z]+\d+[,:]? )+)/g;

/** The rules of one file of docs/spec, and the lines that look like a rule but are none. */
export function rulesOf({ file, text }: Source): { rules: Rule[]; faults: Fault[] } {
  const rules: Rule[] = [];
  const faults: Fault[] = [];
  for (const [index, content] of text.split("\n").entries()) {
    const [, id, sentence] = rulePattern.exec(content) ?? [];
    const line = index + 1;
    if (id !== undefined && sentence !== undefined) rules.push({ id, text: sentence, file, line });
    else if (almostRule.test(content)) faults.push(`${file}:${line}: write a rule as "- **X1** One sentence." on one line`);
  }
  return { rules, faults };
}

/** The ids that a test file cites in its titles. */
export function citationsOf({ file, text }: Source): Citation[] {
  return [...text.matchAll(titlePattern)].flatMap((match) => {
    const line = text.slice(0, match.index).split("\n").length;
    return (match[1] ?? "")
      .split(/[,: ]+/)
      .filter(Boolean)
      .map((id) => ({ id, file, line }));
  });
}

/** What does not fit: rules without a test, citations without a rule, ids given twice, lines that only look like rules. */
export function specFaults(specs: readonly Source[], tests: readonly Source[]): Fault[] {
  const read = specs.map(rulesOf);
  const rules = read.flatMap((part) => part.rules);
  const citations = tests.flatMap(citationsOf);
  const known = new Map<string, Rule>();
  const twice: Fault[] = [];
  for (const rule of rules) {
    const first = known.get(rule.id);
    if (first === undefined) known.set(rule.id, rule);
    else twice.push(`${rule.file}:${rule.line}: ${rule.id} is also at ${first.file}:${first.line}`);
  }
  const cited = new Set(citations.map(({ id }) => id));
  return [
    ...read.flatMap((part) => part.faults),
    ...twice,
    ...rules.filter(({ id }) => !cited.has(id)).map(({ id, file, line }) => `${file}:${line}: no test cites ${id}`),
    ...citations.filter(({ id }) => !known.has(id)).map(({ id, file, line }) => `${file}:${line}: there is no rule ${id}`),
  ];
}

/** Parts of docs/spec that the table of contents does not link, and links that lead nowhere. */
export function contentsFaults(index: string, parts: readonly string[]): Fault[] {
  const linked = [...index.matchAll(/\]\(spec\/([\w-]+\.md)\)/g)].map((match) => match[1] ?? "");
  return [
    ...parts.filter((part) => !linked.includes(part)).map((part) => `docs/SPEC.md: link spec/${part}`),
    ...linked.filter((part) => !parts.includes(part)).map((part) => `docs/SPEC.md: there is no spec/${part}`),
  ];
}
