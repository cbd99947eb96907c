// npm starts a shell, the shell starts us, and a SIGTERM to npm ends the two of them without a word to us.

const LOOK_EVERY_MS = 500;

/** Calls back once when npm, who started this process, has gone; does nothing when npm did not. */
export function whenNpmIsGone(tell: () => void): void {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    tell();
  }, LOOK_EVERY_MS);
  timer.unref();
}
