// A job that an agent was given, signed: with what it saw it hands the grant back, so that any gateway, also one that
// was started since, knows of which servers and slots this agent may speak.
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { SEAL_GRACE_MS, slotStart } from "#lib/domain/cadence";
import type { ProbeJob } from "../probe/job.ts";
import { type Grant, type Granted, grantedSchema, OPEN_PLAN_MS } from "./wire.ts";

export interface Granter {
  give(region: string, job: ProbeJob, now: number): Grant;
  /**
   * @param slot the agent's own: later than the job's where it went on without its home
   * @returns the job as it would have been for that slot; null for what this region was never granted
   */
  check(region: string, grant: Grant, slot: number, serverId: string, now: number): ProbeJob | null;
}

/** @param secret the installation's: every gateway of it signs alike */
export function granter(secret: string): Granter {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "tocsin agent grant v1", 32));
  const macOf = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return {
    give(region, job, now) {
      const granted: Granted = { region, job, until: now + OPEN_PLAN_MS };
      const text = JSON.stringify(granted);
      return { text, mac: macOf(text) };
    },
    check(region, { text, mac }, slot, serverId, now) {
      const [said, ours] = [Buffer.from(mac), Buffer.from(macOf(text))];
      if (said.length !== ours.length || !timingSafeEqual(said, ours)) return null;
      const { region: of, job, until } = grantedSchema.parse(JSON.parse(text));
      const lengthMs = job.intervalS * 1_000;
      // A slot that has not begun was not seen: whoever says so has a clock that is wrong.
      const theirs = of === region && now < until && job.servers.some((s) => s.id === serverId);
      const possible = slot >= job.slot && slot <= now + SEAL_GRACE_MS && slotStart(slot, job.intervalS) === slot;
      if (!theirs || !possible || slot - job.slot > OPEN_PLAN_MS + lengthMs) return null;
      return { ...job, slot };
    },
  };
}
