import { describe, expect, it } from "vitest";
import { attempt, attemptAsync, toDiskError } from "../../src/node/errno.ts";
import { DiskError } from "../../src/ports.ts";

const systemError = (code: string) => Object.assign(new Error(code), { code });

function fail(): never {
  throw systemError("EROFS");
}

describe("disk errors", () => {
  it.each([
    ["ENOSPC", "no-space"],
    ["EDQUOT", "no-space"],
    ["EACCES", "no-permission"],
    ["EPERM", "no-permission"],
    ["EROFS", "no-permission"],
    ["ENAMETOOLONG", "bad-name"],
    ["EILSEQ", "bad-name"],
    ["EINVAL", "bad-name"],
    ["EBUSY", "busy"],
    ["ETXTBSY", "busy"],
    ["ENOTEMPTY", "not-empty"],
    ["ENOENT", "absent"],
    ["ELOOP", "outside"],
    ["EIO", "io"],
    ["ESTALE", "io"],
  ])("D26 %s of the system is %s to the engine, with its cause and its path", (errno, code) => {
    const cause = systemError(errno);
    const error = toDiskError(cause, "a/b");
    expect(error).toMatchObject({ code, path: "a/b", cause });
  });

  it("D26 a DiskError passes as it is, anything unknown is io", async () => {
    const error = new DiskError("changed", "a");
    expect(toDiskError(error, "b")).toBe(error);
    expect(toDiskError("odd", "b").code).toBe("io");
    expect(() => attempt("a", fail)).toThrow(DiskError);
    await expect(attemptAsync("a", async () => fail())).rejects.toMatchObject({ code: "no-permission" });
  });
});
