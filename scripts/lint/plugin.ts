/** The lint rules of this house, for oxlint's plugin interface (that of ESLint). */
import { posix, relative, sep } from "node:path";
import { importFault } from "./rooms.ts";

type Node = { readonly type: string };
type Import = Node & { readonly source: (Node & { readonly value?: unknown }) | null; readonly specifiers?: readonly Node[] };
type Call = Node & { readonly callee: Node & { readonly name?: string }; readonly arguments: readonly Node[] };
type Context = { readonly cwd: string; readonly filename: string; report(fault: { node: Node; message: string }): void };

const isDate = (node: Call): boolean => node.callee.type === "Identifier" && node.callee.name === "Date";

/** Imports follow the arrows between rooms, by package name. */
const arrows = {
  create(context: Context) {
    const path = relative(context.cwd, context.filename).split(sep).join(posix.sep);
    const check = (node: Import): void => {
      const specifier = node.source?.value;
      const message = typeof specifier === "string" ? importFault(path, specifier) : undefined;
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

/** `new Date()` and `Date()` read the clock; with an argument they only convert, except for the bare call. */
const noCurrentDate = {
  create(context: Context) {
    const message = "This reads the clock: take the time from the Clock that is handed in.";
    return {
      NewExpression(node: Call): void {
        if (isDate(node) && node.arguments.length === 0) context.report({ node, message });
      },
      CallExpression(node: Call): void {
        if (isDate(node)) context.report({ node, message });
      },
    };
  },
};

/** `import * as z from "zod"`: a bundler cannot drop what the object `z` carries along, which is 360 kB of locales. */
const zodNamespace = {
  create(context: Context) {
    return {
      ImportDeclaration(node: Import): void {
        if (node.source?.value !== "zod" && node.source?.value !== "zod/mini") return;
        if (node.specifiers?.every(({ type }) => type === "ImportNamespaceSpecifier")) return;
        context.report({ node, message: `Write import * as z from "${node.source.value}".` });
      },
    };
  },
};

export default { meta: { name: "house" }, rules: { arrows, "no-current-date": noCurrentDate, "zod-namespace": zodNamespace } };
