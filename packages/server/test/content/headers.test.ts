import fc from "fast-check";
import { expect, test } from "vitest";
import { contentTypeOf } from "../../src/content/content-type.ts";
import { dispositionOf } from "../../src/content/disposition.ts";

test("CT7 types are of a list, by the extension in any case; what a browser could run is text, the rest bytes", () => {
  expect(["a.PNG", "b.jpeg", "c.mp4", "d.pdf", "e.tar.gz", "noextension", ".png", "x."].map(contentTypeOf)).toEqual([
    "image/png",
    "image/jpeg",
    "video/mp4",
    "application/pdf",
    "application/octet-stream",
    "application/octet-stream",
    "image/png",
    "application/octet-stream",
  ]);
  for (const name of ["a.html", "a.htm", "a.xhtml", "a.svg", "a.xml", "a.xsl", "a.js", "a.mjs", "a.css", "a.mhtml", "A.SVG", "README"]) {
    expect(contentTypeOf(name)).toBe("text/plain; charset=utf-8");
  }
  for (const name of ["a.swf", "a.exe", "a.jar", "a.wasm", "a.hta", "a.svgz", "a.constructor", "a.__proto__"]) {
    expect(contentTypeOf(name)).toBe("application/octet-stream");
  }
});

test("CT9 whatever a name is, its header is one line of printable ASCII, and its true name can be read back", () => {
  const names = fc
    .array(
      fc.oneof(
        fc.constantFrom(...Array.from('"\\;%=\r\n\u202e')),
        fc.integer({ min: 1, max: 0x2fff }).map((code) => String.fromCodePoint(code)),
      ),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    .map((letters) => letters.join(""));
  fc.assert(
    fc.property(names, fc.constantFrom("inline" as const, "download" as const), (name, use) => {
      const header = dispositionOf(use, name);
      expect(header).toMatch(/^(inline|attachment); filename="[\x20-\x7e]*"; filename\*=UTF-8''[A-Za-z0-9%._~-]*$/);
      const [, plain = "", exact = ""] = /filename="(.*)"; filename\*=UTF-8''(.*)$/.exec(header) ?? [];
      expect(plain).not.toMatch(/["\\]/);
      expect(decodeURIComponent(exact)).toBe(name.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "_"));
    }),
  );
});
