/** Stops before much is deleted that perhaps nobody meant to delete (DESIGN section 9, FIELD c1). */

const filesMin = 20;
const shareMin = 0.25;
const filesAlways = 500;

/** `deletes` of `total` files, on one side. */
export function isMassDelete(deletes: number, total: number): boolean {
  return deletes >= filesAlways || (deletes >= filesMin && deletes >= total * shareMin);
}

export function massDeleteQuestion(deletes: { remote: number; local: number }, total: number): string | undefined {
  const again = "If that is meant, run it again with --allow-mass-delete; if not, put the files back.";
  if (isMassDelete(deletes.remote, total)) {
    return `${deletes.remote} of ${total} files are gone from this folder and would be deleted on the server. ${again}`;
  }
  if (isMassDelete(deletes.local, total)) {
    return `${deletes.local} of ${total} files were deleted on the server and would be deleted here. ${again}`;
  }
  return undefined;
}
