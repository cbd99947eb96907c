// A region somewhere else: asks its home for work, probes, hands in what it saw. While the line is cut it goes on with
// what it was last given and keeps the outcomes, each for its own slot. It only ever dials out.
import { monotonicMs, now as clockNow } from "#lib/adapters/clock";
import { leaseHolder } from "#lib/adapters/secrets/lease";
import type { Home, HomeAnswer } from "#lib/adapters/send-home";
import {
  BUILD,
  handedInSchema,
  OLDEST_PROTOCOL,
  POLL_MS,
  PROTOCOL,
  problemSchema,
  type Welcome,
  welcomeSchema,
  workSchema,
} from "../agents/wire.ts";
import type { Egress } from "../probe/egress.ts";
import { faultResult, type ProbeResult } from "../probe/result.ts";
import type { Prober } from "../probe/supervisor.ts";
import { Outbox } from "./outbox.ts";
import { type Piece, Plan } from "./plan.ts";

export interface AgentOptions {
  home: Home;
  pool: Prober;
  egress: Egress;
  host: string;
  /** Batches in hand at once. */
  batches: number;
  ca?: string | undefined;
  /** This machine's own idea of the time, epoch ms; it may be wrong by minutes. */
  clock?: () => number;
  say(message: string, more?: Record<string, unknown>): void;
  /** How long a request may take, beside the time that a look for work waits at home. */
  patienceMs?: number;
  pollMs?: number;
}

/** Why it stopped for good: nothing that trying again would mend. */
export interface Ending {
  why: "token" | "version" | "told";
  message: string;
}

const TICK_MS = 500;
const RETRY_MS = [500, 1_000, 2_000, 5_000] as const;
/** Jobs are offered so long before they are due, and may have been lost on the way with the line. */
const OVERLAP_MS = 5_000;
const LOOK_BACK_MS = 60_000;

export class Agent {
  readonly #o: AgentOptions;
  readonly #plan = new Plan();
  readonly #outbox = new Outbox();
  readonly #holder = leaseHolder({ wallMs: () => this.homeNow(), monotonicMs });
  readonly #stop = new AbortController();
  #skewMs = 0;
  #rttMs: number | null = null;
  #welcome: Welcome | null = null;
  #inHand = 0;
  /** Up to when home's own schedule is known to have been heard, by home's clock. */
  #heardUntil = 0;
  #cut = false;
  #flushing = false;
  #offlineSince: Date | null = null;
  #ending: Ending | null = null;

  constructor(options: AgentOptions) {
    this.#o = options;
  }

  /** Home's clock as this agent knows it. */
  homeNow(): number {
    return this.#own() + this.#skewMs;
  }

  get state(): { cut: boolean; buffered: number; planned: number; inHand: number; skewMs: number } {
    return {
      ...{ cut: this.#cut, buffered: this.#outbox.size, planned: this.#plan.size },
      ...{ inHand: this.#inHand, skewMs: this.#skewMs },
    };
  }

  /** Until the signal, or until its home turns it away. */
  async run(signal: AbortSignal): Promise<Ending> {
    const stop = () => this.#end({ why: "told", message: "Stopped." });
    signal.addEventListener("abort", stop, { once: true });
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    try {
      for (let failures = 0; !this.#stop.signal.aborted; ) {
        const well = await this.#round();
        failures = well ? 0 : failures + 1;
        if (!well) await this.#rest(RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? 5_000);
      }
    } finally {
      clearInterval(ticking);
      signal.removeEventListener("abort", stop);
    }
    return this.#ending ?? { why: "told", message: "Stopped." };
  }

  /** Hands in what is left, says goodbye and forgets what it knew. */
  async close(): Promise<void> {
    if (this.#ending?.why === "told" && this.#welcome !== null) {
      await this.#flush();
      await this.#o.home.post("/agent/v1/goodbye", { session: this.#welcome.session }, 2_000);
    }
    this.#plan.clear();
    this.#outbox.clear();
  }

  /** One greeting or one look for work. @returns false when the line is cut or home has no time */
  async #round(): Promise<boolean> {
    if (this.#welcome === null) return this.#hello();
    const { pollMs = POLL_MS, patienceMs = 10_000, batches } = this.#o;
    const lost = this.#outbox.takeLost();
    const answer = await this.#post("work", pollMs + patienceMs, {
      ...{ session: this.#welcome.session, rttMs: this.#rttMs, free: Math.max(0, batches - this.#inHand) },
      ...{ buffered: this.#outbox.size, lost, offlineSince: this.#offlineSince?.getTime() ?? null },
    });
    const parsed = workSchema.safeParse(answer);
    if (!parsed.success) {
      this.#outbox.returnLost(lost);
      return false;
    }
    const heard = this.#heardAt(parsed.data.now, null);
    for (const batch of parsed.data.batches) {
      const keeper = this.#welcome?.keeper ?? { signedBy: "", agreesWith: "" };
      try {
        this.#probe(this.#plan.take(batch, (lease) => this.#holder.accept(lease, keeper)));
      } catch (err) {
        this.#o.say("a batch could not be read and was left out", { code: String((err as Error).name) });
      }
    }
    this.#heardUntil = heard;
    void this.#flush();
    return true;
  }

  async #hello(): Promise<boolean> {
    const sentAt = monotonicMs();
    const said = { protocol: PROTOCOL, build: BUILD, host: this.#o.host, holder: this.#holder.publicKey };
    const parsed = welcomeSchema.safeParse(await this.#post("hello", this.#o.patienceMs ?? 10_000, said));
    if (!parsed.success) return false;
    const welcome = parsed.data;
    if (welcome.protocol < OLDEST_PROTOCOL || welcome.protocol > PROTOCOL) {
      const message = `E_AGENT_VERSION: home speaks protocol ${welcome.protocol} (build ${welcome.build}), this agent ${PROTOCOL} (build ${BUILD}): update the older one.`;
      this.#end({ why: "version", message });
      return false;
    }
    this.#heardAt(welcome.now, monotonicMs() - sentAt);
    this.#welcome = welcome;
    this.#o.say(`looking from ${welcome.region}`, { skewMs: Math.round(this.#skewMs) });
    return true;
  }

  #tick(): void {
    const at = this.homeNow();
    this.#plan.forget(at);
    void this.#o.egress.beat().then((since) => {
      this.#offlineSince = since;
    });
    if (this.#outbox.size > 0) void this.#flush();
    if (!this.#cut) return;
    const from = Math.max(this.#heardUntil - OVERLAP_MS, at - LOOK_BACK_MS);
    for (const piece of this.#plan.due(from, at)) this.#probe(piece);
    this.#heardUntil = at + OVERLAP_MS;
  }

  #probe({ grant, job, policy, targets, shut }: Piece): void {
    const note = async (result: ProbeResult) => {
      this.#outbox.put(grant, job, await this.#o.egress.pass(result));
      void this.#flush();
    };
    for (const id of shut)
      void note(faultResult(id, "", "The credential did not come through: it has to be asked for again."));
    if (targets.length === 0) return;
    this.#inHand++;
    const own = targets.map((target) => ({ ...target, ca: this.#o.ca }));
    this.#o.pool
      .run(own, policy, { result: (result) => void note(result) }, job.live !== undefined, { job })
      .catch((err) =>
        this.#o.say("a batch could not be probed", { code: String((err as Error).message).slice(0, 200) }),
      )
      .finally(() => {
        this.#inHand--;
      });
  }

  async #flush(): Promise<void> {
    if (this.#flushing || this.#welcome === null) return;
    this.#flushing = true;
    try {
      for (let next = this.#outbox.next(this.homeNow()); next.length > 0; next = this.#outbox.next(this.homeNow())) {
        const session = this.#welcome?.session;
        if (session === undefined) return;
        const sentAt = monotonicMs();
        const answer = await this.#post("results", this.#o.patienceMs ?? 10_000, { session, results: next });
        const parsed = handedInSchema.safeParse(answer);
        if (!parsed.success) return;
        this.#heardAt(parsed.data.now, monotonicMs() - sentAt);
        this.#outbox.sent(next);
        const refused = parsed.data.answers.filter((a) => a === "refused" || a === "late").length;
        if (refused > 0) this.#o.say(`${refused} outcomes came too late or were not taken`);
      }
    } finally {
      this.#flushing = false;
    }
  }

  /** @returns the body of a good answer; null for everything else, which is dealt with here */
  async #post(what: string, timeoutMs: number, body: Record<string, unknown>): Promise<unknown> {
    const waits = what === "work" ? this.#stop.signal : undefined;
    const said = { at: Math.round(this.#own()), ...body };
    const answer: HomeAnswer = await this.#o.home.post(`/agent/v1/${what}`, said, timeoutMs, waits);
    if (waits?.aborted) return null;
    const status = answer.kind === "cut" ? 0 : answer.status;
    if (status === 200) {
      if (this.#cut) this.#o.say("home answers again", { buffered: this.#outbox.size });
      this.#cut = false;
      return answer.kind === "answer" ? answer.body : null;
    }
    const problem = problemSchema.safeParse(answer.kind === "answer" ? answer.body : null).data;
    if (status === 401) this.#end({ why: "token", message: problem?.message ?? "This token opens nothing." });
    else if (status === 426) this.#end({ why: "version", message: `E_AGENT_VERSION: ${problem?.message ?? ""}` });
    else if (status === 409) this.#welcome = null;
    else if (!this.#cut) {
      this.#cut = true;
      this.#o.say("home does not answer: going on with what is known", {
        code: answer.kind === "cut" ? answer.code : `HTTP ${status}`,
      });
    }
    return null;
  }

  /** @param rttMs how long question and answer took, where nothing was waited for */
  #heardAt(home: number, rttMs: number | null): number {
    if (rttMs !== null) this.#rttMs = Math.max(0, Math.round(rttMs));
    this.#skewMs = home + (this.#rttMs ?? 0) / 2 - this.#own();
    return home;
  }

  #own(): number {
    return this.#o.clock?.() ?? clockNow().getTime();
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    if (ending.why !== "told") {
      this.#plan.clear();
      this.#outbox.clear();
    }
    this.#stop.abort();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#stop.signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#stop.signal.addEventListener("abort", end);
    });
  }
}
