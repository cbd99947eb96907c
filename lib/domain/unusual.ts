// Which acts of a day a person should look at first, and why each. Pure: the acts, and what was usual before them.
// A rule that flags nearly everything hides the rest, so what somebody does each day flags nothing.

export interface Act {
  id: string;
  at: number;
  actor: string;
  /** Not a person and not the command line: the product's own work. */
  service: boolean;
  shell: boolean;
  actAs: string | null;
  grantId: string | null;
  action: string;
  target: string;
  body: Readonly<Record<string, unknown>>;
  from: string;
}

/** What the 28 days before were like. */
export interface Usual {
  /** actor → action → how often */
  acts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** actor → how often in each hour of the day (UTC) */
  hours: ReadonlyMap<string, readonly number[]>;
  /** "actor address" that were not seen before. */
  newAddresses: ReadonlySet<string>;
}

export const USUAL_DAYS = 28;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So much of one person in so short a time is a script, or somebody in a hurry. */
export const BURST = { acts: 40, ms: 10 * 60_000 };
/** Fewer acts than these say nothing about somebody's hours. */
const HOURS_KNOWN_FROM = 20;

interface Rule {
  /** Where it stands among the others: the highest first. */
  weight: number;
  sentence: string;
  meant(act: Act, usual: Usual): boolean;
}

const begins =
  (...beginnings: string[]) =>
  (act: Act) =>
    beginnings.some((b) => act.action === b || act.action.startsWith(`${b}.`));
const knows = (act: Act, usual: Usual): number =>
  [...(usual.acts.get(act.actor)?.values() ?? [])].reduce((sum, n) => sum + n, 0);

export const RULES = {
  emergency: {
    weight: 100,
    sentence: "An emergency account was used or changed.",
    meant: begins("break_glass"),
  },
  waived: {
    weight: 95,
    sentence: "It needs a second person and was done alone.",
    meant: (act) => act.action.endsWith(".waived") || act.body.waived === true,
  },
  refused: {
    weight: 85,
    sentence: "Somebody tried what they may not do.",
    meant: (act) => act.action.endsWith(".refused"),
  },
  proof: {
    weight: 80,
    sentence: "It changes where the log is kept, how long, or who signs it.",
    meant: begins("audit_stream", "key", "audit.partition_dropped", "audit.hold"),
  },
  erased: {
    weight: 78,
    sentence: "Something was erased or is kept for a shorter time.",
    meant: begins("tenant.erase", "tenant.erased", "retention.cut", "gdpr.erased"),
  },
  visit: {
    weight: 75,
    sentence: "It belongs to a visit: the staff looking in as one of the tenant's people.",
    meant: (act) => act.actAs !== null || act.grantId !== null || act.action.startsWith("impersonation."),
  },
  roles: {
    weight: 70,
    sentence: "It changes who may do what.",
    meant: begins("role", "role_table", "person", "scim"),
  },
  address: {
    weight: 60,
    sentence: "It changes which private addresses may be reached.",
    meant: begins("address"),
  },
  export: { weight: 55, sentence: "A log was taken away.", meant: begins("audit.export") },
  quieter: {
    weight: 50,
    sentence: "Afterwards fewer people hear of what goes wrong.",
    meant: (act) =>
      ["sink.remove", "sink.disable", "server.remove"].includes(act.action) ||
      (act.action === "server.change" && pausedNow(act.body)),
  },
  long_silence: {
    weight: 50,
    sentence: "A silence of more than a day.",
    meant: (act) =>
      act.action === "silence.create" &&
      typeof act.body.endsAt === "string" &&
      Date.parse(act.body.endsAt) - act.at > DAY_MS,
  },
  shell: { weight: 45, sentence: "It was typed at the machine, past the console.", meant: (act) => act.shell },
  new_address: {
    weight: 35,
    sentence: `From an address that this person was not seen at for ${USUAL_DAYS} days.`,
    meant: (act, usual) =>
      act.from !== "" && knows(act, usual) > 0 && usual.newAddresses.has(`${act.actor} ${act.from}`),
  },
  hours: {
    weight: 25,
    sentence: "At an hour of the day when this person is not usually here.",
    meant: (act, usual) => outsideHours(act, usual),
  },
  first_time: {
    weight: 20,
    sentence: `The first time in ${USUAL_DAYS} days that this person did this.`,
    // Somebody of whom nothing is known does everything for the first time: that they are new is said once, below.
    meant: (act, usual) => knows(act, usual) > 0 && !usual.acts.get(act.actor)?.has(act.action),
  },
  new_person: {
    weight: 20,
    sentence: `The first time in ${USUAL_DAYS} days that this person stands in this log.`,
    meant: (act, usual) => !act.service && !act.shell && knows(act, usual) === 0,
  },
  burst: {
    weight: 30,
    sentence: `More than ${BURST.acts} acts of one person within ${BURST.ms / 60_000} minutes.`,
    meant: () => false, // Of a run, not of an act: see bursts().
  },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

function pausedNow(body: Readonly<Record<string, unknown>>): boolean {
  const [was, will] = [body.before ?? body.was, body.after ?? body.will] as ({ paused?: unknown } | undefined)[];
  return will?.paused === true && was?.paused !== true;
}

function outsideHours(act: Act, usual: Usual): boolean {
  const hours = usual.hours.get(act.actor);
  if (act.service || act.shell || hours === undefined) return false;
  if (hours.reduce((sum, n) => sum + n, 0) < HOURS_KNOWN_FROM) return false;
  const hour = new Date(act.at).getUTCHours();
  // An hour earlier or later than ever is still this person's day.
  return [hour - 1, hour, hour + 1].every((h) => (hours[(h + 24) % 24] ?? 0) === 0);
}

/** The act with which somebody passed the limit, once for each run. */
function bursts(acts: readonly Act[]): Set<string> {
  const found = new Set<string>();
  for (const own of Map.groupBy(
    acts.filter((a) => !a.service),
    (a) => a.actor,
  ).values()) {
    const sorted = own.toSorted((a, b) => a.at - b.at);
    for (let first = 0, n = 0; n < sorted.length; n++) {
      const act = sorted[n] as Act;
      while (act.at - (sorted[first] as Act).at > BURST.ms) first++;
      if (n - first + 1 <= BURST.acts) continue;
      found.add(act.id);
      first = n + 1; // The next run begins behind this one.
      n = first - 1;
    }
  }
  return found;
}

export interface Finding {
  /** The newest of those that are alike. */
  act: Act;
  why: RuleName[];
  weight: number;
  /** How many of the same actor, action and reasons there were. */
  count: number;
}

/**
 * What deserves a look, the most serious first. Acts that are alike in who, what and why stand once with their number:
 * a hundred refused tries are one thing to look at.
 */
export function unusual(acts: readonly Act[], usual: Usual): Finding[] {
  const running = bursts(acts);
  const found = new Map<string, Finding>();
  for (const act of acts.toSorted((a, b) => b.at - a.at)) {
    const why = (Object.keys(RULES) as RuleName[]).filter((name) =>
      name === "burst" ? running.has(act.id) : !act.service && (RULES[name] as Rule).meant(act, usual),
    );
    // What the product does by itself is only judged where it touches the proof or a person's data.
    if (act.service && (RULES.erased.meant(act) || RULES.proof.meant(act)))
      why.push(RULES.erased.meant(act) ? "erased" : "proof");
    if (why.length === 0) continue;
    const key = `${act.actor} ${act.action} ${act.actAs} ${why.join()}`;
    const same = found.get(key);
    if (same) same.count++;
    else found.set(key, { act, why, weight: Math.max(...why.map((name) => RULES[name].weight)), count: 1 });
  }
  // Of the newcomer only the newest of each kind of act is left by the key; say it of one act only.
  return oncePerPerson([...found.values()], "new_person").toSorted(
    (a, b) => b.weight - a.weight || b.act.at - a.act.at,
  );
}

/** Keeps a rule that is about a person, not an act, on one finding of that person. */
function oncePerPerson(findings: Finding[], name: RuleName): Finding[] {
  const said = new Set<string>();
  return findings.flatMap((f) => {
    if (!f.why.includes(name)) return [f];
    if (!said.has(f.act.actor)) {
      said.add(f.act.actor);
      return [f];
    }
    const why = f.why.filter((w) => w !== name);
    return why.length === 0 ? [] : [{ ...f, why, weight: Math.max(...why.map((w) => RULES[w].weight)) }];
  });
}
