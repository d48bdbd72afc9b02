import { expect, test } from "vitest";
import { bareTags } from "../src/preview/bare-tags.ts";
import { highlighted } from "../src/preview/highlight.ts";

test("WB41 tags in Markdown lose their attributes, also where they are never closed", () => {
  expect(bareTags("<p class=x>a</p><script>b</script><!-- c -->d")).toBe("<p>a</p>d");
  expect(bareTags(`<img alt="<" onerror="a()">`)).toBe("<img>");
  expect(bareTags("a < b <1> <img src=x onerror=a()")).toBe("a < b <1> <img>");
});

test("WB41 a tag that opens others without an end is one tag", () => {
  expect(bareTags(`<div ${"<a".repeat(500_000)}`)).toBe("<div>");
});

test("WB42 a language that is no grammar stays plain, whatever its name", () => {
  for (const name of ["constructor", "__proto__", "toString", "no-such"]) expect(highlighted("text", name)).toBeUndefined();
});
