// The home end of every agent: it reads the queues of the regions that are agents as a region's own process would, hands
// batches out over HTTPS, and writes what comes back into its own slot. An agent never reaches a store.
import { createHash, randomUUID } from "node:crypto";
import { monotonicMs, now as clockNow } from "#lib/adapters/clock";
import { type Answer, type Asked, openAgentDoor, refusal } from "#lib/adapters/listen-agents";
import { leaseKeeper } from "#lib/adapters/secrets/lease";
import { TocsinError } from "#lib/domain/error";
import type { Worker } from "bullmq";
import { ZodError, type z } from "zod";
import { keep, type RegionDeps, regionWorker } from "../probe/region.ts";
import { type Granter, granter } from "./grant.ts";
import { limits } from "./limits.ts";
import { AgentLink } from "./link.ts";
import { type AgentNews, heardOf, saidGoodbye, turnedAway } from "./news.ts";
import { ownerOf, type TokenOwner } from "./tokens.ts";
import {
  type ANSWERS,
  askSchema,
  BUILD,
  cleanResult,
  greetingSchema,
  handedSchema,
  handInSchema,
  helloSchema,
  type handedInSchema,
  MAX_BODY,
  OLDEST_PROTOCOL,
  POLL_MS,
  PROTOCOL,
  type Welcome,
  type workSchema,
} from "./wire.ts";

const NEWS_EVERY_MS = 5_000;
const FORGET_MS = 10 * 60_000;
/** Batches of a region that are out or wait for its agent. */
const IN_HAND = 64;

export interface GatewayDeps extends Omit<RegionDeps, "region" | "pool" | "concurrency" | "ca" | "egress"> {
  /** The installation's secret, from which grants are signed. */
  secret: string;
  door: { port: number; host: string; tls?: { cert: string; key: string } | undefined; trustedProxies: number };
  pollMs?: number;
}

interface Session extends AgentNews {
  holder: string;
  heardAt: number;
  saidAt: number;
  late: number;
  lost: number;
}

interface Region {
  link: AgentLink;
  worker: Worker;
  deps: RegionDeps;
}

export interface Gateway {
  port: number;
  /** Takes up regions that were added and lets go of those that were switched off. Called every few seconds. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export async function openGateway(deps: GatewayDeps): Promise<Gateway> {
  const keeper = leaseKeeper({ wallMs: () => clockNow().getTime(), monotonicMs });
  const grants: Granter = granter(deps.secret);
  const regions = new Map<string, Region>();
  const sessions = new Map<string, Session>();
  const knocks = limits();
  /** Tokens that were good lately, as hashes; they are asked after all the same. */
  const known = new Map<string, number>();
  const { secret: _secret, door, pollMs = POLL_MS, ...shared } = deps;

  const hello = async (owner: TokenOwner, body: unknown): Promise<Answer> => {
    const { protocol, build } = greetingSchema.parse(body);
    if (protocol < OLDEST_PROTOCOL || protocol > PROTOCOL) {
      const why = `The agent speaks protocol ${protocol} (build ${build}); this installation speaks ${OLDEST_PROTOCOL === PROTOCOL ? PROTOCOL : `${OLDEST_PROTOCOL} to ${PROTOCOL}`} (build ${BUILD}): ${protocol < OLDEST_PROTOCOL ? "update the agent" : "update the installation"}.`;
      await turnedAway(deps.db, owner.region, why, clockNow());
      throw new TocsinError("E_AGENT_VERSION", why);
    }
    const said = helloSchema.parse(body);
    const now = clockNow();
    const session = randomUUID();
    const { holder, host } = said;
    sessions.set(session, {
      ...{ session, holder, host, build, protocol, region: owner.region, tokenId: owner.id, startedAt: now },
      ...{ skewMs: said.at - now.getTime(), rttMs: null, buffered: 0, offlineSince: null, late: 0, lost: 0 },
      ...{ heardAt: now.getTime(), saidAt: Number.NEGATIVE_INFINITY },
    });
    forgetOld(now.getTime());
    const welcome: Welcome = {
      ...{ protocol: PROTOCOL, build: BUILD, now: now.getTime(), session, region: owner.region },
      keeper: { signedBy: keeper.signedBy, agreesWith: keeper.agreesWith },
    };
    return { status: 200, body: welcome };
  };

  const work = async (owner: TokenOwner, asked: Asked): Promise<Answer> => {
    const ask = askSchema.parse(asked.body);
    const session = sessionOf(owner, ask.session);
    const { rttMs, buffered } = ask;
    const offlineSince = ask.offlineSince === null ? null : new Date(ask.offlineSince);
    Object.assign(session, { rttMs, buffered, offlineSince, skewMs: ask.at - clockNow().getTime() });
    session.lost += ask.lost;
    await news(session);
    const link = owner.enabled ? regions.get(owner.region)?.link : undefined;
    if (link === undefined || ask.free === 0) await pause(Math.min(pollMs, 1_000), asked.signal);
    else await link.something(pollMs, asked.signal);
    // It may have waited for long: a token that was taken back meanwhile gets nothing, and nobody takes what has gone.
    if (asked.signal.aborted) return { status: 503, body: {} };
    if (link?.waiting && (await ownerOf(deps.db, asked.bearer)) === null) return REFUSED;
    const batches = asked.signal.aborted || link === undefined ? [] : link.take(ask.free, session.holder);
    const answer: z.infer<typeof workSchema> = { now: clockNow().getTime(), batches };
    return { status: 200, body: answer };
  };

  const handIn = async (owner: TokenOwner, asked: Asked): Promise<Answer> => {
    const { session: id, results } = handInSchema.parse(asked.body);
    const session = sessionOf(owner, id);
    const region = regions.get(owner.region);
    const answers: (typeof ANSWERS)[number][] = [];
    for (const one of results) {
      const read = handedSchema.safeParse(one).data;
      if (read === undefined) {
        answers.push("refused");
        deps.log.warn(
          { region: owner.region },
          "an agent handed in an outcome that cannot be read; that was not taken",
        );
        continue;
      }
      const { grant, slot, result } = read;
      const job = region && grants.check(owner.region, grant, slot, result.serverId, clockNow().getTime());
      if (!region || !job) {
        answers.push("refused");
        deps.log.warn({ region: owner.region, slot }, "an agent spoke of what it was not given; that was not taken");
        continue;
      }
      const clean = cleanResult(result);
      if (region.link.handIn(job, clean)) {
        answers.push("recorded");
        continue;
      }
      // Nobody waits for it any more, and it never counted: a look at one extra check is no outcome of a slot.
      if (job.live?.trial) {
        answers.push("late");
        continue;
      }
      const recorded = await keep(region.deps, job, clean, null);
      answers.push(recorded);
      if (recorded === "late") session.late++;
    }
    const answer: z.infer<typeof handedInSchema> = { now: clockNow().getTime(), answers };
    return { status: 200, body: answer };
  };

  const goodbye = async (owner: TokenOwner, body: unknown): Promise<Answer> => {
    const { session: id } = askSchema.pick({ session: true }).parse(body);
    const session = sessionOf(owner, id);
    sessions.delete(id);
    keeper.forget(session.holder);
    await saidGoodbye(deps.db, id, clockNow());
    return { status: 200, body: {} };
  };

  async function answer(asked: Asked): Promise<Answer> {
    try {
      const owner = await ownerOf(deps.db, asked.bearer);
      if (owner === null) {
        known.delete(keyOf(asked.bearer));
        return REFUSED;
      }
      known.set(keyOf(asked.bearer), clockNow().getTime());
      if (asked.path === "/agent/v1/hello") return await hello(owner, asked.body);
      if (asked.path === "/agent/v1/work") return await work(owner, asked);
      if (asked.path === "/agent/v1/results") return await handIn(owner, asked);
      if (asked.path === "/agent/v1/goodbye") return await goodbye(owner, asked.body);
      return refusal(404, "E_NOT_FOUND", "Agents are served under /agent/v1.");
    } catch (err) {
      if (err instanceof TocsinError) return refusal(err.httpStatus, err.code, err.message);
      if (err instanceof ZodError || err instanceof SyntaxError)
        return refusal(422, "E_INVALID", "That is not what an agent of this version says.");
      deps.log.error({ err }, "an agent could not be answered");
      return refusal(503, "E_UNAVAILABLE", "Nothing can be done now: try again.");
    }
  }

  function sessionOf(owner: TokenOwner, id: string): Session {
    const session = sessions.get(id);
    if (session === undefined || session.region !== owner.region || session.tokenId !== owner.id)
      throw new TocsinError("E_STATE", "This gateway does not know the agent: it says hello again.");
    session.heardAt = clockNow().getTime();
    return session;
  }

  async function news(session: Session): Promise<void> {
    const now = clockNow();
    const since = now.getTime() - session.saidAt;
    if (since >= 0 && since < NEWS_EVERY_MS) return;
    session.saidAt = now.getTime();
    const more = { late: session.late, lost: session.lost };
    await heardOf(deps.db, session, more, now);
    session.late -= more.late;
    session.lost -= more.lost;
  }

  function forgetOld(at: number): void {
    for (const [id, session] of sessions) {
      if (at - session.heardAt < FORGET_MS) continue;
      sessions.delete(id);
      keeper.forget(session.holder);
    }
    for (const [key, seen] of known) if (at - seen > FORGET_MS) known.delete(key);
  }

  async function refresh(): Promise<void> {
    const rows = await deps.db.global(
      (tx) => tx.$queryRaw<{ name: string }[]>`SELECT name FROM region WHERE kind = 'agent' AND enabled`,
    );
    const wanted = new Set(rows.map((r) => r.name));
    for (const name of wanted) if (!regions.has(name)) regions.set(name, take(name));
    const gone = [...regions].filter(([name]) => !wanted.has(name));
    await Promise.all(gone.map(([name, region]) => letGo(name, region)));
  }

  function take(name: string): Region {
    const link = new AgentLink(name, grants, keeper);
    const own: RegionDeps = { ...shared, region: name, pool: link, concurrency: IN_HAND };
    return { link, deps: own, worker: regionWorker(own) };
  }

  async function letGo(name: string, { link, worker }: Region): Promise<void> {
    regions.delete(name);
    link.close();
    await worker.close();
  }

  await refresh();
  const opened = await openAgentDoor({
    ...door,
    maxBody: MAX_BODY,
    gate: (from, bearer) => {
      const at = clockNow().getTime();
      if (!knocks.tooMany(from, known.has(keyOf(bearer)), at)) return null;
      return {
        ...refusal(429, "E_RATE_LIMITED", "Too many requests: wait a minute."),
        headers: { "retry-after": "60" },
      };
    },
    answer,
  });
  return {
    port: opened.port,
    refresh,
    async close() {
      await opened.close();
      await Promise.all([...regions].map(([name, region]) => letGo(name, region)));
    },
  };
}

const keyOf = (bearer: string): string => createHash("sha256").update(bearer).digest("base64url");
const REFUSED = refusal(401, "E_SIGNED_OUT", "This token opens nothing: it is wrong, or was taken back.");

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
