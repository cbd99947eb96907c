// What a verification can find, one sentence each. A list of findings is bounded: a log of millions of altered rows
// needs no millions of sentences.
export const FINDINGS = {
  "event-altered": "The event is not what was sealed: its content was changed afterwards.",
  "event-missing": "The chain names an event that is not there.",
  "event-loose": "The event stands in no chain: it was put in or cut out by hand.",
  "link-altered": "The link does not follow from the one before it.",
  "chain-gap": "Links are missing before this one.",
  "head-mismatch": "The chain does not end where its head says.",
  "pii-altered": "The personal data beside the event is not what the event committed to.",
  "pii-missing": "The personal data beside the event is gone, and no later erasure names it.",
  "checkpoint-signature": "The signature does not hold, or its key is not known.",
  "checkpoint-link": "The checkpoint does not follow from the one before it.",
  "checkpoint-gap":
    "No checkpoint was made for longer than 180 seconds: changes in that time are proven only by what came after.",
  "checkpoint-root": "The signed root does not stand for the heads that are named under it.",
  "checkpoint-mismatch": "The log is not what the signed checkpoint saw.",
  "checkpoint-missing": "The checkpoint is in the saved file, but the database has another or none.",
  unproven: "This could not be checked.",
  "file-altered": "The file is not the one that the manifest describes.",
} as const;
export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  code: FindingCode;
  /** tenant and link, event or checkpoint: "tenant <id>, link 12, event <id>" */
  where: string;
  sentence: string;
}

export const MAX_FINDINGS = 1_000;

export interface Findings {
  list: Finding[];
  /** All that were found, also those beyond the list. */
  count: number;
  add(code: FindingCode, where: string, more?: string): void;
}

export function findings(): Findings {
  const found: Findings = {
    list: [],
    count: 0,
    add(code, where, more) {
      found.count += 1;
      if (found.list.length < MAX_FINDINGS)
        found.list.push({ code, where, sentence: more === undefined ? FINDINGS[code] : `${FINDINGS[code]} ${more}` });
    },
  };
  return found;
}

/** Silence is told apart from change: a worker that stood still is no forger. */
export const onlyGaps = (list: readonly Finding[]): boolean => list.every((f) => f.code === "checkpoint-gap");
