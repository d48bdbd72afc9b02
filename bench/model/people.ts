/** Whom the model is about. What they do is assumed, not measured. */
export type Person = {
  readonly name: string;
  readonly devices: number;
  /** Of each device, in a day. */
  readonly hoursConnected: number;
  readonly files: number;
  readonly gb: number;
  /** Each day: */
  readonly newFiles: number;
  readonly smallEdits: number;
  readonly largeEdits: number;
  readonly renames: number;
  readonly deletions: number;
  /** Of new large files, fetched by all other devices. */
  readonly newMiB: number;
};

export const people: readonly Person[] = [
  {
    name: "light",
    devices: 2,
    hoursConnected: 4,
    files: 2000,
    gb: 4,
    newFiles: 5,
    smallEdits: 10,
    largeEdits: 1,
    renames: 1,
    deletions: 2,
    newMiB: 20,
  },
  {
    name: "usual",
    devices: 3,
    hoursConnected: 10,
    files: 20_000,
    gb: 50,
    newFiles: 30,
    smallEdits: 80,
    largeEdits: 8,
    renames: 5,
    deletions: 20,
    newMiB: 150,
  },
  {
    name: "heavy",
    devices: 5,
    hoursConnected: 24,
    files: 300_000,
    gb: 500,
    newFiles: 500,
    smallEdits: 800,
    largeEdits: 60,
    renames: 40,
    deletions: 300,
    newMiB: 2000,
  },
];

const seedRequestsPerSecond = 25_000;
const seedDevices = 100e6;
const seedDevicesOfUser = 2.5;
const seedUsers = seedDevices / seedDevicesOfUser;
const secondsOfDay = 86_400;
/** All of the requests that are asked for, as edits: a new file, an edit of a small and one of a large file, and a deletion are a request each. */
const seedEdits = (seedRequestsPerSecond * secondsOfDay) / seedUsers;

/** 100 million devices connected, 25,000 requests a second, and 3 to 5 PB for a million users. */
export const seeds = {
  users: seedUsers,
  devices: seedDevices,
  requestsPerSecond: seedRequestsPerSecond,
  person: {
    name: "seeds",
    devices: seedDevicesOfUser,
    hoursConnected: 24,
    files: 2000,
    gb: 4,
    newFiles: seedEdits * 0.23,
    smallEdits: seedEdits * 0.46,
    largeEdits: seedEdits * 0.08,
    renames: 0,
    deletions: seedEdits * 0.23,
    newMiB: 0,
  } satisfies Person,
};
