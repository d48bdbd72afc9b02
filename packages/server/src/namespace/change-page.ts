import { pageManifestCharsMax } from "@ashlar/shared/limits";
import type { Change } from "@ashlar/shared/protocol/change";

/** The same changes with as many manifests as one message may carry; the others are asked for one by one. */
export function trimManifests(changes: readonly Change[]): Change[] {
  let chars = 0;
  return changes.map((change) => {
    chars += change.manifest?.length ?? 0;
    return chars > pageManifestCharsMax ? { ...change, manifest: null } : change;
  });
}
