// What a person sees while it starts: one line per step with its seconds; on a terminal the line of the step under way
// is replaced when it is done.
export interface Progress {
  /** Runs fn as a step; its failure ends the line with a cross and passes on. */
  step<T>(what: string, fn: (note: (text: string) => void) => Promise<T>): Promise<T>;
  say(line: string): void;
}

export function progress(out: NodeJS.WriteStream = process.stdout): Progress {
  const live = out.isTTY === true && process.env.TERM !== "dumb";
  const paint = (code: string, text: string) => (live && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    say: (line) => void out.write(`${line}\n`),
    async step(what, fn) {
      const since = performance.now();
      let noted = "";
      if (live) out.write(`  ${paint("2", "…")} ${what}`);
      const finish = (mark: string) => {
        const seconds = `${((performance.now() - since) / 1000).toFixed(1)} s`;
        out.write(
          `${live ? "\r\x1b[2K" : ""}  ${mark} ${what}${noted === "" ? "" : ` (${noted})`} ${paint("2", seconds)}\n`,
        );
      };
      try {
        const result = await fn((text) => {
          noted = text;
          if (live) out.write(`\r\x1b[2K  ${paint("2", "…")} ${what} (${text})`);
        });
        finish(paint("32", "✓"));
        return result;
      } catch (error) {
        finish(paint("31", "✗"));
        throw error;
      }
    },
  };
}
