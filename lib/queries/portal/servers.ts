// Servers as their customer sees them: the console's questions, and of each answer what the field table lets out.
import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { lastProbeRequest } from "../request.ts";
import { server } from "../server.ts";
import { servers } from "../servers.ts";
import { evidenceFor, isOurs, tens } from "./ours.ts";

type Row = Awaited<ReturnType<typeof servers>>[number];

export const portalServer = (row: Row) => ({
  ...show("portal", "server", row),
  ...show("portal", "serverState", row),
});

export async function portalServers(tx: Tx, now: Date) {
  return (await servers(tx, now)).map(portalServer);
}

export async function portalServerDetail(tx: Tx, id: string, now: Date) {
  const row = await server(tx, id, now);
  if (row === null) return null;
  return {
    ...show("portal", "server", row),
    ...show("portal", "serverState", row),
    credential: row.credential === null ? null : show("portal", "credential", row.credential),
    evidence: evidenceFor(row.reason, row.evidence),
    transcripts: row.transcripts.map((transcript) => ({
      ...show("portal", "transcript", transcript),
      steps: isOurs(transcript.reason)
        ? []
        : transcript.steps.map((step) => ({
            ...show("portal", "step", step),
            durationMs: tens(step.durationMs),
            error: step.error === null ? null : { code: step.error.code },
          })),
    })),
  };
}

/** The newest look that was asked for by hand, without the wire's own words. */
export async function portalProbe(tx: Tx, serverId: string) {
  const row = await lastProbeRequest(tx, serverId);
  if (row === null) return null;
  return {
    ...show("portal", "request", row),
    progress: row.progress.map(({ region, title, ok, ms, verdict }) => ({
      region,
      title,
      ok,
      ms: tens(ms),
      detail: "",
      ...(verdict === undefined
        ? {}
        : { verdict: isOurs(verdict.reason) ? { ...verdict, sentence: "The fault is on our side." } : verdict }),
    })),
  };
}
