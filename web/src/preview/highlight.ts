/** Colours for code: spans with classes, made as nodes, since neither markup nor styles may come from a file. */
import { common, createLowlight } from "lowlight";
import { extensionOf } from "../library/sorting.ts";

const grammars = createLowlight(common);

/** A longer text would hold up the page, and is read as it is. */
const charsMax = 200_000;

/** Beside those that the grammars go by themselves. */
const languages: ReadonlyMap<string, string> = new Map([
  ["htm", "xml"],
  ["vue", "xml"],
  ["svelte", "xml"],
  ["conf", "ini"],
  ["cfg", "ini"],
  ["env", "ini"],
]);

/** `language`: a name, or the extension of one. Undefined: it stays plain. */
export function highlighted(text: string, language: string): DocumentFragment | undefined {
  const known = languages.get(language) ?? language;
  if (text.length > charsMax || !grammars.registered(known)) return undefined;
  const fragment = document.createDocumentFragment();
  fragment.append(...grammars.highlight(known, text).children.map(nodeOf));
  return fragment;
}

export const highlightedFile = (text: string, name: string): DocumentFragment | undefined => highlighted(text, extensionOf(name));

type Tree = ReturnType<typeof grammars.highlight>["children"][number];

function nodeOf(tree: Tree): Node {
  if (tree.type !== "element") return document.createTextNode("value" in tree ? tree.value : "");
  const span = document.createElement("span");
  const { className } = tree.properties;
  if (Array.isArray(className)) span.className = className.join(" ");
  span.append(...tree.children.map(nodeOf));
  return span;
}
