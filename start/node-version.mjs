// Plain JavaScript that an old Node can parse: it is what says that the Node is too old.
export const NEEDED_MAJOR = 24;

/** @param {string} version such as "20.20.2" @returns {string | null} one sentence for the user, or null when it will do */
export function nodeProblem(version) {
  if (Number(version.split(".")[0]) >= NEEDED_MAJOR) return null;
  return (
    `Tocsin runs on Node ${NEEDED_MAJOR}, and this is ${version}: run \`npm ci\` without --ignore-scripts (it brings its own Node) ` +
    "and start it with `npm start`, or install Node " +
    NEEDED_MAJOR +
    "."
  );
}
