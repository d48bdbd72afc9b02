const nodeMajorMin = 24;

/** Ends the process with a message when this Node is too old. */
export function requireNode(version = process.versions.node): void {
  if (Number.parseInt(version, 10) >= nodeMajorMin) return;
  console.error(
    `This is Node ${version}; Ashlar needs ${nodeMajorMin} or later. \`npm ci\` installs one beside the other packages, ` +
      "and `npm start` uses it. On a platform for which there is none, install Node yourself.",
  );
  process.exit(2);
}
