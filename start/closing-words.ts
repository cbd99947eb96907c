// What stands on the screen when all runs: where to go, and who one can be there.
import { PEOPLE } from "./identity-provider/people.ts";

export function closingWords(given: {
  url: string;
  inboxPage: string | null;
  people: boolean;
  seconds: number;
  logs: string;
}): string {
  const lines = ["", `  Tocsin is ready after ${given.seconds.toFixed(1)} s.`, "", `  Console     ${given.url}`];
  if (given.inboxPage !== null) lines.push(`  Sink inbox  ${given.inboxPage}   what each sink would show`);
  lines.push(`  Logs        ${given.logs}`);
  if (given.people) {
    const width = Math.max(...PEOPLE.map((p) => p.name.length));
    lines.push("", "  Sign in as", ...PEOPLE.map((p) => `    ${p.name.padEnd(width)}  ${p.role}: ${p.may}`));
  }
  lines.push("", "  Ctrl-C stops everything that was started here.", "");
  return lines.join("\n");
}
