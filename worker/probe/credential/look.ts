// A look at the wall, made inside the prober: how somebody without a credential is met, and once a day what is published
// about signing in. The same engine asks, so every era and transport is met as its clients meet it.
import { now } from "#lib/adapters/clock";
import type { Transcript } from "#lib/domain/transcript";
import { type Look, wallOf } from "#lib/domain/wall";
import { withoutSecrets } from "../shown.ts";
import { type ProbeOptions, type ProbeTarget, probe } from "../transcript.ts";
import { discover } from "./discovery.ts";

const LOOK_BOUND_MS = 10_000;

/** @param seen what the probe itself has just seen; without a credential that is the look. Never throws for what is there */
export async function lookAtWall(
  target: ProbeTarget,
  seen: Transcript,
  options: Pick<ProbeOptions, "policy" | "monotonic">,
): Promise<Look> {
  const at = now().getTime();
  const { serverId, tenantId, url, knownEra, ca } = target;
  const bare = !seen.credentialUsed;
  // A server that cannot be reached at all is not asked twice.
  const certificate = target.clientCertificate !== undefined;
  const reached = seen.steps.some((s) => s.response !== undefined) || (certificate && seen.timings.tlsMs !== undefined);
  if (!bare && !reached) return { wall: null, findings: null };
  const met = bare
    ? seen
    : await probe({ serverId, tenantId, url, knownEra, ca, headers: {} }, { ...options, boundMs: LOOK_BOUND_MS });
  const wall = wallOf(met, at, certificate);
  const asks = wall !== null && ["challenge", "forbidden", "jsonrpc"].includes(wall.met);
  const findings =
    target.look?.discover && asks ? await discover(url, wall.challenge, { policy: options.policy, ca }, at) : null;
  // Whoever once heard the credential may say it here, where nobody presented it.
  return withoutSecrets({ wall, findings }, target.headers) as unknown as Look;
}
