/** Calls that every bucket has to answer as Miniflare's own does; each list begins with an empty bucket. */
import { createHash } from "node:crypto";
import { bytesOf, type Call, type Value } from "./calls.ts";

const digest = (algorithm: string, value: Value): string => createHash(algorithm).update(bytesOf(value)).digest("hex");

const small: Value = { seed: 1, size: 1000 };
const other: Value = { seed: 2, size: 999 };
const block: Value = { seed: 3, size: 4 * 1024 * 1024 };
const sha256 = digest("sha256", small);
const put: Call = { method: "put", key: "b/1", value: small };
const get: Call = { method: "get", key: "b/1" };
const head: Call = { method: "head", key: "b/1" };

const httpMetadata = {
  contentType: "text/plain",
  contentLanguage: "mi",
  contentDisposition: 'attachment; filename="ü"',
  contentEncoding: "identity",
  cacheControl: "no-store",
};

const ranges = [
  { offset: 0 },
  { offset: 10, length: 5 },
  { length: 7 },
  { suffix: 3 },
  { suffix: 5000 },
  { offset: 990, length: 100 },
  { offset: 999, length: 1 },
  { offset: 1000 },
  { offset: 1001 },
  { length: 0 },
];

const keys = ["a", "b/1", "b/10", "b/2", "b/c/1", "b/c/2", "c%", "c_", "é", "日本"];
const lists = [
  {},
  { prefix: "b/" },
  { prefix: "b/", delimiter: "/" },
  { delimiter: "/" },
  { startAfter: "b/1" },
  { startAfter: "b/c", prefix: "b/", limit: 1 },
  { prefix: "c_" },
  { prefix: "nothing" },
  { include: ["customMetadata"] },
  { include: ["httpMetadata"] },
  { include: ["httpMetadata", "customMetadata"] },
  { limit: 0 },
  { limit: 1001 },
];

const conditions = [
  { etagMatches: digest("md5", small) },
  { etagMatches: digest("md5", other) },
  { etagDoesNotMatch: digest("md5", small) },
  { etagDoesNotMatch: digest("md5", other) },
  { etagDoesNotMatch: "*" },
];

/** By what they are about. */
export const conformance: Readonly<Record<string, readonly Call[]>> = {
  "bytes and streams": [
    put,
    get,
    head,
    { ...put, streamed: true, value: other },
    get,
    { ...put, value: block },
    get,
    { ...put, streamed: true, value: block },
    get,
  ],
  "more than is held in memory": [{ ...put, value: { seed: 4, size: 33 * 1024 * 1024 } }, get, put, get],
  "an object of no bytes": [
    { ...put, value: { seed: 0, size: 0 } },
    get,
    head,
    { ...get, options: { range: { offset: 0, length: 1 } } },
    { ...put, value: { seed: 0, size: 0 }, streamed: true },
    get,
  ],
  "what is not there": [get, head, { method: "delete", keys: "b/1" }, { ...get, options: { range: { offset: 1 } } }],
  "digests that fit": [
    { ...put, options: { sha256 } },
    get,
    { ...put, options: { md5: digest("md5", small) } },
    get,
    ...["sha1", "sha384", "sha512"].flatMap((name): Call[] => [{ ...put, options: { [name]: digest(name, small) } }, head]),
  ],
  "digests of other bytes": [
    { ...put, options: { sha256: digest("sha256", other) } },
    get,
    put,
    { ...put, value: other, options: { sha256 } },
    get,
    { ...put, value: block, streamed: true, options: { sha256 } },
    get,
    { ...put, value: other, options: { md5: digest("md5", small) } },
    get,
    { ...put, options: { sha256: "abc" } },
  ],
  metadata: [
    { ...put, options: { httpMetadata, customMetadata: { form: "zstd", bytes: "12", empty: "", "": "nameless", ü: "日本" } } },
    get,
    head,
    { ...put, options: { customMetadata: {} } },
    head,
    { ...put, options: { httpMetadata: { contentType: "a/b" }, sha256 } },
    head,
    { ...put, options: { storageClass: "InfrequentAccess" } },
    head,
  ],
  "metadata that are too long": [
    { ...put, options: { customMetadata: { k: "x".repeat(8191) } } },
    { method: "list", options: { include: ["customMetadata"] } },
    { ...put, options: { customMetadata: { k: "x".repeat(8192) } } },
    { ...put, options: { customMetadata: { k: `é${"x".repeat(8190)}` } } },
    { ...put, options: { customMetadata: { k: `日${"x".repeat(4095)}` } } },
    { ...put, options: { customMetadata: { k: `日${"x".repeat(4094)}` } } },
    head,
  ],
  keys: [
    ...["x".repeat(1024), "ü".repeat(512), "a/../b", "/", " ", "%00", "'; DROP TABLE", "\u0001", "line\nbreak"].flatMap((key): Call[] => [
      { ...put, key },
      { ...get, key },
    ]),
    ...["x".repeat(1025), "ü".repeat(513), ""].flatMap((key): Call[] => [
      { ...put, key },
      { ...get, key },
      { method: "head", key },
      { method: "delete", keys: key },
    ]),
    { method: "list" },
  ],
  ranges: [put, ...ranges.map((range): Call => ({ ...get, options: { range } }))],
  conditions: [
    ...conditions.map((onlyIf): Call => ({ ...get, options: { onlyIf } })),
    put,
    ...conditions.flatMap((onlyIf): Call[] => [{ ...get, options: { onlyIf } }, { ...put, value: other, options: { onlyIf } }, get, put]),
  ],
  lists: [
    ...keys.map((key, index): Call => ({
      ...put,
      key,
      value: { seed: index, size: index },
      options: { httpMetadata, customMetadata: { key } },
    })),
    ...lists.map((options): Call => ({ method: "list", options })),
    ...[1, 2, 3].flatMap((limit): Call[] => [
      { method: "pages", options: { limit } },
      { method: "pages", options: { limit, prefix: "b/", delimiter: "/" } },
      { method: "pages", options: { limit, startAfter: "b/1" } },
    ]),
  ],
  deletes: [
    put,
    { ...put, key: "b/2" },
    { ...put, key: "b/3" },
    { method: "delete", keys: ["b/1", "absent", "b/3"] },
    { method: "list" },
    { method: "delete", keys: "b/2" },
    { method: "delete", keys: [] },
    { method: "list" },
    get,
    put,
    get,
  ],
  "uploads in parts": [
    { method: "parts", key: "b/1", values: [{ seed: 5, size: 5 * 1024 * 1024 }, small] },
    get,
    { ...get, options: { range: { offset: 5 * 1024 * 1024 - 2, length: 4 } } },
    put,
    get,
    { method: "parts", key: "b/1", values: [small, other] },
    { method: "parts", key: "b/1", values: [other] },
    head,
    { method: "delete", keys: "b/1" },
    get,
  ],
};
