/** Updates that come with a patch of their manifest. */
import { rootId } from "@ashlar/shared/ids";
import { commitHeadBytesMax } from "@ashlar/shared/limits";
import { encodeManifest, manifestSize, type BlockRef } from "@ashlar/shared/manifest";
import { diffManifests, type ManifestPatch } from "@ashlar/shared/manifest-patch";
import { expect, test } from "vitest";
import { expectProblem, newBlock, newDevice, send, type TestBlock } from "./support.ts";
import { newNode, update, commit, committed, journal, follow, withFile, patched } from "./commit-support.ts";

/** A long file of small blocks, and the same with one changed. */
async function longFile(count = 60) {
  const blocks = Array.from({ length: count }, () => newBlock(10));
  const { as, node } = await withFile(blocks);
  const edited = blocks.with(count / 2, newBlock(10));
  const patch = diffManifests(1, encodeManifest(blocks), encodeManifest(edited));
  if (patch === undefined) throw new Error("the edit is not worth a patch");
  return { as, node, blocks, edited, changed: edited[count / 2] as TestBlock, patch };
}

test("Y13 a patched update makes the version that its manifest would, and Y22 is answered and pushed with the patch", async () => {
  const { as, node, edited, changed, patch } = await longFile();
  const next = await follow(as);
  const op = patched(node, 1, edited, patch);
  const answer = await committed(as, [op], { inline: [changed] });
  expect(answer.results).toMatchObject([{ status: "applied", rev: 2, version: 2 }]);
  expect(answer.changes).toMatchObject([{ manifest: null, patch }]);
  const message = await next();
  expect(message.changes).toEqual(answer.changes);
  expect(message.inline.map(({ hash }) => hash)).toEqual([changed.hash]);
  expect(message.locations).toEqual([]);
  const version = await send("GET", `/v1/files/${node}/versions/2`, { as });
  expect(await version.json()).toMatchObject({ manifest: encodeManifest(edited), size: manifestSize(edited) });
  expect((await journal(as)).at(-1)).toMatchObject({ manifest: encodeManifest(edited) });
  expect((await journal(as)).at(-1)).not.toHaveProperty("patch");
  expect(await committed(as, [op], { inline: [changed] })).toEqual(answer);
});

test("Y22 a patch of another version than the one before, or one longer than the manifest, is answered as a manifest", async () => {
  const { as, node, blocks, edited, changed, patch } = await longFile();
  await committed(as, [update(node, 1, [changed])], { inline: [changed] });
  const { changes } = await committed(as, [patched(node, 2, edited, patch)]);
  expect(changes).toMatchObject([{ version: 3, manifest: encodeManifest(edited) }]);
  const whole = { base: 3, splices: [{ at: 0, remove: 60, insert: encodeManifest(blocks) }] };
  const longer = await committed(as, [patched(node, 3, blocks, whole)]);
  expect(longer.changes).toMatchObject([{ version: 4, manifest: encodeManifest(blocks) }]);
});

test("Y14 a patch of a version, file or user that is not there is stale, and one that does not fit is refused", async () => {
  const { as, node, edited, changed, patch } = await longFile();
  const other = await newDevice();
  const carried = { inline: [changed] };
  await expectProblem(await commit(other, [patched(node, 1, edited, patch)], carried), "stale-patch");
  await expectProblem(await commit(as, [patched(newNode(), 1, edited, patch)], carried), "stale-patch");
  await expectProblem(await commit(as, [patched(rootId, 1, edited, patch)], carried), "stale-patch");
  await expectProblem(await commit(as, [patched(node, 1, edited, { ...patch, base: 2 })], carried), "stale-patch");
  const chained = [patched(node, 1, edited, patch), patched(node, 2, edited, { base: 2, splices: [] })];
  await expectProblem(await commit(as, chained, carried), "stale-patch");
  const bad: [ManifestPatch["splices"], readonly BlockRef[]][] = [
    [[{ at: 61, remove: 0, insert: "" }], edited],
    [[{ at: 0, remove: 61, insert: "" }], edited],
    [[{ at: 0, remove: 0, insert: "AAAA" }], edited],
    [
      [
        { at: 9, remove: 1, insert: "" },
        { at: 3, remove: 1, insert: "" },
      ],
      edited,
    ],
    [patch.splices, edited.slice(1)],
  ];
  for (const [splices, blocks] of bad) {
    await expectProblem(await commit(as, [patched(node, 1, blocks, { base: 1, splices })], carried), "bad-manifest");
  }
  await expectProblem(await commit(as, [{ ...patched(node, 1, edited, patch), manifest: encodeManifest(edited) }], carried), "bad-request");
  expect(await journal(as)).toHaveLength(1);
  expect((await commit(as, [patched(node, 1, edited, patch)])).status).toBe(409);
  expect((await commit(as, [patched(node, 1, edited, patch)], carried)).status).toBe(200);
});

test("Y15 patches cannot make a commit's manifests longer than its head may be", async () => {
  const block = newBlock(1);
  const blocks = Array.from({ length: 4000 }, () => block);
  const { as, node } = await withFile([block]);
  await committed(as, [update(node, 1, blocks)]);
  const count = Math.ceil(commitHeadBytesMax / encodeManifest(blocks).length);
  const ops = Array.from({ length: count }, () => patched(node, 2, blocks, { base: 2, splices: [] }));
  await expectProblem(await commit(as, ops), "too-large");
  expect((await commit(as, ops.slice(0, 2))).status).toBe(200);
});
