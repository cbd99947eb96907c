// An incident's timeline in a customer's words: made from the named decision and its data, never from the sentence that
// the staff reads, which may hold a note or a silence's comment. What has no words here is not shown. Pure.
import { REASONS, type Reason } from "./reason.ts";

export interface Told {
  decision: string;
  data: unknown;
  /** Display name of the person who decided, if one did. */
  by: string | null;
  /** Names of the tenant's sinks by id. */
  sinks: ReadonlyMap<string, string>;
}

type Data = Readonly<Record<string, unknown>>;
type Words = (data: Data, told: Told) => string | null;

const text = (data: Data, key: string): string | null => {
  const value = data[key];
  return typeof value === "string" && value.length <= 60 ? value : null;
};
const count = (data: Data, key: string): number | null => {
  const value = data[key];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
};
const label = (name: string | null) =>
  name !== null && Object.hasOwn(REASONS, name) ? REASONS[name as Reason].label : null;
const severity = (name: string | null) => (name !== null && /^P[1-4]$/.test(name) ? name : null);
const minute = (iso: string | null) =>
  iso !== null && !Number.isNaN(Date.parse(iso))
    ? `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`
    : null;

const sinkOf = (data: Data, told: Told) => told.sinks.get(text(data, "sinkId") ?? "") ?? "A sink";
const KINDS: Record<string, string> = {
  trigger: "that it fails",
  update: "of the change",
  acknowledge: "that somebody has it in hand",
  resolve: "that it is over",
};
const what = (data: Data) => {
  const kind = text(data, "kind");
  return kind !== null && Object.hasOwn(KINDS, kind) ? ` ${KINDS[kind]}` : "";
};

const WORDS: Readonly<Record<string, Words>> = {
  streak_reached: (data) => {
    const bad = count(data, "bad");
    return bad === null ? "It failed." : bad === 1 ? "A check failed." : `${bad} checks in a row failed.`;
  },
  flapping: () => "It turns between good and bad, so it has to stay good for longer before this is closed.",
  heartbeat_missing: () => "It was not checked in time.",
  severity_set: (data) => {
    const is = severity(text(data, "severity"));
    return is === null ? null : `Taken as ${is}.`;
  },
  severity_raised: (data) => {
    const [from, to] = [severity(text(data, "from")), severity(text(data, "to"))];
    return from === null || to === null ? null : `Raised from ${from} to ${to}.`;
  },
  reason_changed: (data) => {
    const to = label(text(data, "to"));
    return to === null ? "It fails differently now." : `It fails differently now: ${to.toLowerCase()}.`;
  },
  expiry_nearer: (data) => {
    const days = count(data, "days");
    return days === null ? null : `Its certificate ends within ${days} days.`;
  },
  opened: () => "The incident was opened.",
  extended: (data) => {
    const bad = count(data, "badSlots");
    return bad === null ? "Still failing." : `Still failing after ${bad} checks.`;
  },
  silenced: (data) => {
    const until = minute(text(data, "until"));
    return `Silenced${until === null ? "" : ` until ${until}`}: nobody is told before that.`;
  },
  silence_ended: () => "The silence has ended.",
  held: (data) => {
    const until = minute(text(data, "until"));
    if (text(data, "kind") === "window")
      return `Planned work${until === null ? "" : ` until ${until}`}: nobody is told before that.`;
    return `Held back${until === null ? "" : ` until ${until}`}: it is counted and told later.`;
  },
  joined: () => "It has one cause with others: they are told of together.",
  hold_ended: () => "It is no longer held back.",
  log_only: () => "Too small to tell anybody: it is written down.",
  updated: () => "It became worse.",
  nobody_to_tell: () => "Nobody could be told: no sink that is enabled is meant for this.",
  step_taken: (data, { sinks }) => {
    const answers: unknown[] = Array.isArray(data.answers) ? data.answers : [];
    const names = answers.flatMap((raw) => {
      const answer = (typeof raw === "object" && raw !== null ? raw : {}) as Data;
      return answer.answer === "told" ? [sinks.get(text(answer, "sinkId") ?? "") ?? "a removed sink"] : [];
    });
    return names.length === 0 ? null : `To be told: ${[...new Set(names)].join(", ")}.`;
  },
  recovering: () => "The last look was good: nobody is told unless it fails again.",
  clear_held: () => "It looks good again, but it keeps turning: it is closed when it stays good.",
  resolved: () => "It is over: the checks are good again.",
  sent: (data, told) => `${sinkOf(data, told)} was told${what(data)}.`,
  retrying: (data, told) => `${sinkOf(data, told)} has not taken it yet; it is tried again.`,
  waiting: (data, told) => `${sinkOf(data, told)} takes nothing at the moment, so what is to be told there waits.`,
  nothing_there: (data, told) => `At ${sinkOf(data, told)} somebody had closed it already.`,
  fell_back: (data, { sinks }) => {
    const answers: unknown[] = Array.isArray(data.answers) ? data.answers : [];
    const names = answers.flatMap((raw) => sinks.get(text((raw ?? {}) as Data, "sinkId") ?? "") ?? []);
    return `It was not taken in time, so another sink is told as well${names.length === 0 ? "" : `: ${names.join(", ")}`}.`;
  },
  no_other_road: () => "It was not taken in time, and there is no other sink that could be told.",
  dead: (data, told) => `${sinkOf(data, told)} could not be told${what(data)}: its page says why.`,
  withheld: (data, told) => `${sinkOf(data, told)} did not have to be told${what(data)}.`,
  redriven: (data, told) => `${sinkOf(data, told)} is being told again.`,
  acknowledged: (_, { by }) => `${by ?? "Somebody"} has it in hand.`,
  review_due: () => "It is being looked into how it came about.",
  resolved_by_hand: (_, { by }) => `${by ?? "Somebody"} closed it by hand.`,
};

/** @returns null for what is the staff's alone, such as a note, and for a decision that this version does not know */
export function customerWords(told: Told): string | null {
  const data = typeof told.data === "object" && told.data !== null && !Array.isArray(told.data) ? told.data : {};
  return Object.hasOwn(WORDS, told.decision) ? (WORDS[told.decision]?.(data as Data, told) ?? null) : null;
}
