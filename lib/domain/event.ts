// The timeline: one row per decision, with the stage that took it and a sentence that says why, silence included.
export const DECISIONS = {
  streak_reached: "detect",
  flapping: "detect",
  heartbeat_missing: "detect",
  severity_set: "classify",
  severity_raised: "classify",
  reason_changed: "classify",
  expiry_nearer: "classify",
  opened: "deduplicate",
  extended: "deduplicate",
  not_silenced: "suppress",
  silenced: "suppress",
  silence_ended: "suppress",
  held: "suppress",
  joined: "suppress",
  hold_ended: "suppress",
  policy_frozen: "route",
  log_only: "route",
  updated: "route",
  nobody_to_tell: "route",
  step_taken: "escalate",
  fell_back: "escalate",
  no_other_road: "escalate",
  recovering: "escalate",
  resolved: "resolve",
  clear_held: "resolve",
  withheld: "deliver",
  acknowledged: "person",
  resolved_by_hand: "person",
  noted: "person",
  reminded: "person",
  review_due: "person",
} as const;
export type Decision = keyof typeof DECISIONS;

/** What became of one target of one step. */
export const ANSWERS = [
  "told",
  "told_again",
  "already_told",
  "severity_not_for_sink",
  "sink_disabled",
  "sink_unproven",
  "sink_removed",
  "nobody_on_call",
  "no_contact",
  "person_gone",
  "schedule_removed",
] as const;
export type Answer = (typeof ANSWERS)[number];

export interface StepAnswer {
  /** "" where no sink was found: then the name is the person's or the schedule's. */
  sinkId: string;
  sinkName: string;
  answer: Answer;
  /** Whom the sink reaches: "Ana", or "Ana, on call in Nights". */
  via?: string;
}

export interface EventDraft {
  decision: Decision;
  sentence: string;
  data?: Record<string, unknown>;
}

/** `data` of a step_taken row. */
export interface StepData {
  step: number;
  afterMinutes: number;
  answers: StepAnswer[];
}

export const draft = (decision: Decision, sentence: string, data?: Record<string, unknown>): EventDraft =>
  data === undefined ? { decision, sentence } : { decision, sentence, data };
