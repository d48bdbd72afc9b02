/** One violation for each fence: what must not be written, where, and which tool has to refuse it. */
export type Violation = {
  /** What the fence keeps out. */
  readonly name: string;
  /** A file that does not exist yet. */
  readonly file: string;
  readonly code: string;
  /** A compiler error or lint rule, as the tool prints it. */
  readonly refusedBy: string;
};

const escape = (from: string, to: string, specifier: string, rest: Partial<Violation> = {}): Violation => ({
  name: `${from} imports ${to}`,
  file: `${from}/planted-${to.replaceAll(/\W/g, "-")}.ts`,
  code: `import "${specifier}";`,
  refusedBy: "house(arrows)",
  ...rest,
});

const pureRooms = ["packages/shared/src", "packages/server/src", "packages/client/src"];

const impure: Readonly<Record<string, { code: string; refusedBy: string }>> = {
  "the clock": { code: "export const at = Date.now();", refusedBy: "eslint(no-restricted-properties)" },
  "the current date": { code: "export const at = new Date();", refusedBy: "house(no-current-date)" },
  chance: { code: "export const at = Math.random();", refusedBy: "eslint(no-restricted-properties)" },
  "a timer": { code: "setTimeout(() => {}, 1);", refusedBy: "eslint(no-restricted-globals)" },
  "a timer, to the compiler": { code: "setTimeout(() => {}, 1);", refusedBy: "TS2304" },
  "an interval": { code: "setInterval(() => {}, 1);", refusedBy: "eslint(no-restricted-globals)" },
  "the network": { code: 'export const at = fetch("/");', refusedBy: "eslint(no-restricted-globals)" },
  "the network, to the compiler": { code: 'export const at = fetch("/");', refusedBy: "TS2304" },
  "the file system": { code: 'import "node:fs";', refusedBy: "eslint(no-restricted-imports)" },
  "the file system by its old name": { code: 'import "fs/promises";', refusedBy: "eslint(no-restricted-imports)" },
  "the process, to the compiler": { code: "export const at = process.pid;", refusedBy: "TS2591" },
};

const purity = pureRooms.flatMap((room) =>
  Object.entries(impure).map(([what, { code, refusedBy }], index) => ({
    name: `${room} reaches for ${what}`,
    file: `${room}/planted-impure-${index}.ts`,
    code,
    refusedBy,
  })),
);

export const violations: readonly Violation[] = [
  escape("packages/shared/src", "server", "@ashlar/server/ports"),
  escape("packages/server/src", "client", "@ashlar/client/ports"),
  escape("packages/server/src", "durable-objects", "@ashlar/durable-objects/user-sync"),
  escape("packages/client/src", "server", "@ashlar/server/ports"),
  escape("packages/client/src/node", "server", "@ashlar/server/ports"),
  escape("packages/cli/src", "server", "@ashlar/server/ports"),
  escape("durable-objects/src", "client", "@ashlar/client/ports"),
  escape("workers/api/src", "client", "@ashlar/client/ports"),
  escape("workers/gc-cron/src", "durable-objects", "@ashlar/durable-objects/user-sync"),
  escape("scripts", "api", "@ashlar/api"),
  escape("packages/server/src", "a Worker by path", "../../../workers/api/src/index.ts"),
  escape("packages/server/src", "shared by path", "../../shared/src/ids.ts"),
  escape("packages/server/src", "a Worker at run time", "", { code: 'export const worker = import("@ashlar/api");' }),
  escape("packages/server/src", "a Worker's types", "", { code: 'export type { Env } from "../../../workers/api/src/env.ts";' }),
  escape("packages/client/src", "its Node side", "./node/planted.ts", { refusedBy: "eslint(no-restricted-imports)" }),
  ...purity,
  {
    name: "a transaction on D1",
    file: "packages/server/src/planted-transaction.ts",
    code: "export const run = (db: { transaction(work: () => void): void }) => db.transaction(() => {});",
    refusedBy: "eslint(no-restricted-properties)",
  },
  {
    name: "the object z of zod",
    file: "packages/shared/src/planted-zod.ts",
    code: 'import { z } from "zod";\nexport const schema = z.string();',
    refusedBy: "house(zod-namespace)",
  },
  {
    name: "a default export",
    file: "packages/shared/src/planted-default.ts",
    code: "export default 1;",
    refusedBy: "import(no-default-export)",
  },
  {
    name: "an import cycle",
    file: "packages/shared/src/planted-cycle.ts",
    code: 'import { b } from "./planted-cycle-back.ts";\nexport const a = (): number => b();',
    refusedBy: "import(no-cycle)",
  },
  {
    name: "an import cycle, the other half",
    file: "packages/shared/src/planted-cycle-back.ts",
    code: 'import { a } from "./planted-cycle.ts";\nexport const b = (): number => a();',
    refusedBy: "import(no-cycle)",
  },
  { name: "an enum", file: "packages/shared/src/planted-enum.ts", code: "export enum Planted {\n  One,\n}", refusedBy: "TS1294" },
  {
    name: "any",
    file: "packages/shared/src/planted-any.ts",
    code: "export const run = (value: any): void => value();",
    refusedBy: "typescript(no-explicit-any)",
  },
  {
    name: "a floating promise",
    file: "packages/shared/src/planted-floating.ts",
    code: "export const run = (work: () => Promise<void>): void => {\n  work();\n};",
    refusedBy: "typescript(no-floating-promises)",
  },
];
