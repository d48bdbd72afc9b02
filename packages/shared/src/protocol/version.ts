/** The protocol's version and its history. A test pins a hash of every schema beside it: a changed message is a new version. */

export const protocolVersion = 1;
/** The oldest that this server still speaks. */
export const protocolVersionMin = 1;
export const versionHeader = "ashlar-protocol";

/** 1: accounts, devices, blocks, packs, commits, journal, socket. */
