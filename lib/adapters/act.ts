// What a notice carries so that somebody can act from where they read it; worked out, so it costs no question.
import { makeRef } from "../domain/act-ref.ts";
import { INCIDENT_NOTICES, type Notice } from "../domain/notice.ts";
import { actKey } from "./derived-keys.ts";
import { consoleUrl } from "./env.ts";

/** The notice as this sink gets it; what is about no incident, or about its end, has nothing to act on. */
export function withAct(notice: Notice, sinkId: string): Notice {
  const { incidentId, tenantId, kind } = notice;
  if (incidentId === null || kind === "resolve" || !(INCIDENT_NOTICES as readonly string[]).includes(kind))
    return notice;
  const since = new Date(notice.content.at);
  if (Number.isNaN(since.getTime())) return notice;
  const ref = makeRef(actKey(), { tenantId, incidentId, sinkId }, since);
  const url = new URL(`/act?ref=${ref}`, consoleUrl()).href;
  return { ...notice, act: { ref, url } };
}
