/**
 * What browsers are told that a file is. A list of what may be shown: nothing on it is run by a browser that shows it. All that
 * could be (HTML, SVG, XML, scripts, styles) is plain text, and what is not known is only bytes.
 */

const binary = "application/octet-stream";
const text = "text/plain; charset=utf-8";

const typesOf: Readonly<Record<string, readonly string[]>> = {
  "image/png": ["png"],
  "image/apng": ["apng"],
  "image/jpeg": ["jpg", "jpeg", "jpe", "jfif"],
  "image/gif": ["gif"],
  "image/webp": ["webp"],
  "image/avif": ["avif"],
  "image/bmp": ["bmp"],
  "image/x-icon": ["ico"],
  "image/tiff": ["tif", "tiff"],
  "image/heic": ["heic"],
  "video/mp4": ["mp4", "m4v"],
  "video/webm": ["webm"],
  "video/quicktime": ["mov"],
  "video/x-matroska": ["mkv"],
  "video/ogg": ["ogv"],
  "audio/mpeg": ["mp3"],
  "audio/mp4": ["m4a"],
  "audio/aac": ["aac"],
  "audio/flac": ["flac"],
  "audio/wav": ["wav"],
  "audio/ogg": ["ogg", "oga", "opus"],
  "audio/webm": ["weba"],
  "application/pdf": ["pdf"],
  "application/zip": ["zip"],
};

const textExtensions =
  "txt text log md markdown rst adoc org tex bib csv tsv json jsonl ndjson json5 yaml yml toml ini cfg conf env properties lock " +
  "html htm xhtml xml svg xsl xslt rss atom mhtml css scss sass less js mjs cjs jsx ts mts cts tsx vue svelte astro " +
  "c h cc cpp cxx hpp hh m mm cs java kt kts scala groovy go rs zig swift dart rb php pl pm lua r jl py pyi sh bash zsh fish " +
  "ps1 bat cmd sql graphql gql proto tf hcl nix ex exs erl hs elm clj cljs lisp el vim diff patch srt vtt ics vcf";

const typeOf = new Map<string, string>([
  ...textExtensions.split(" ").map((extension): [string, string] => [extension, text]),
  ...Object.entries(typesOf).flatMap(([type, extensions]) => extensions.map((extension): [string, string] => [extension, type])),
]);

/** By the name's extension alone: nobody looks into the bytes, and no browser may (`nosniff`). */
export function contentTypeOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return (
    typeOf.get(name.slice(dot + 1).toLowerCase()) ??
    (dot < 1 && /^(readme|license|makefile|dockerfile|changelog)$/i.test(name) ? text : binary)
  );
}
