import { open } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { exitCodes } from "../src/exit-code.ts";
import { failure } from "../src/failure.ts";

describe("failure", () => {
  it("M50 an error of the system is told as one of Ashlar's own files, with or without their name, and without a stack", async () => {
    await using folder = await open("/");
    // A call through a handle: the error bears no path.
    const error: unknown = await folder.readFile().catch((cause: unknown) => cause);
    expect(error).not.toHaveProperty("path");
    const { message, exitCode } = failure(error);
    expect(exitCode).toBe(exitCodes.failed);
    expect(message).toContain("Ashlar's own state");
    expect(message).toContain("EISDIR");
    expect(message).not.toContain("    at ");
  });

  it("M50 what nobody foresaw keeps its stack", () => {
    expect(failure(new Error("a mistake")).message).toContain("    at ");
  });
});
