/** What a file is, by its name's extension, and how it can be looked at here. */
import { extensionOf } from "../library/sorting.ts";

export type PreviewKind = "image" | "video" | "audio" | "pdf" | "markdown" | "text";
export type KindGroup = "folder" | "image" | "video" | "audio" | "paper" | "code" | "archive" | "text" | "other";

const groups: Readonly<Record<Exclude<KindGroup, "folder" | "other">, string>> = {
  image: "png jpg jpeg gif webp avif bmp ico svg heic tif tiff",
  video: "mp4 m4v webm mov mkv avi ogv",
  audio: "mp3 m4a aac ogg oga opus wav flac weba",
  paper: "pdf doc docx odt rtf ppt pptx odp xls xlsx ods epub",
  archive: "zip gz tgz bz2 xz zst 7z rar tar iso dmg",
  code: "js mjs cjs ts tsx jsx json jsonc html htm css scss py rb rs go c h cc cpp hpp java kt swift sh bash zsh php sql toml yaml yml xml ini lua r dart vue svelte",
  text: "txt md markdown csv tsv log text rst tex org conf cfg env",
};
const groupOf = new Map<string, KindGroup>();
for (const group of ["image", "video", "audio", "paper", "archive", "code", "text"] as const)
  for (const extension of groups[group].split(" ")) groupOf.set(extension, group);

const previews = new Map<string, PreviewKind>();
const previewable: Readonly<Record<PreviewKind, string>> = {
  image: "png jpg jpeg gif webp avif bmp ico",
  video: "mp4 m4v webm mov ogv",
  audio: "mp3 m4a aac ogg oga opus wav flac weba",
  pdf: "pdf",
  markdown: "md markdown",
  text: `${groups.code} svg txt csv tsv log text rst tex org conf cfg env`,
};
for (const kind of ["image", "video", "audio", "pdf", "markdown", "text"] as const)
  for (const extension of previewable[kind].split(" ")) previews.set(extension, kind);

export function kindOf({ name, kind }: { readonly name: string; readonly kind: string }): KindGroup {
  return kind === "folder" ? "folder" : (groupOf.get(extensionOf(name)) ?? "other");
}

/** Names without an extension are mostly text: README, Makefile, LICENSE. */
export function previewOf(name: string): PreviewKind | undefined {
  const extension = extensionOf(name);
  return extension === "" ? "text" : previews.get(extension);
}
