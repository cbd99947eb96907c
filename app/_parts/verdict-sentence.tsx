import type { ServerDetail } from "#lib/queries/server";
import { Lasted } from "../_ui/moment.tsx";
import { StatusMark } from "../_ui/status-mark.tsx";

const EDGE = {
  up: "border-l-up",
  degraded: "border-l-degraded",
  down: "border-l-down",
  unknown: "border-l-unknown",
} as const;

type Seen = Pick<
  ServerDetail,
  | "status"
  | "paused"
  | "since"
  | "stale"
  | "reason"
  | "flapping"
  | "evidence"
  | "shape"
  | "advice"
  | "lastSlot"
  | "whyNoIncident"
>;

/** The one sentence a person came for: what it is, since when, why, and what to do. */
export function VerdictSentence({ server }: { server: Seen }) {
  return (
    <div className={`mb-6 rounded-lg border border-l-4 bg-panel px-4 py-3 ${EDGE[server.status]}`}>
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-lg">
        <StatusMark status={server.status} {...(server.paused ? { word: "Paused" } : {})} />
        {server.since !== null && !server.stale && !server.paused && (
          <span className="text-sm text-ink-2">
            for <Lasted from={server.since} to={null} />
          </span>
        )}
        {server.reason !== null && !server.paused && <span className="text-sm font-medium">{server.reason}</span>}
        {server.flapping && (
          <span className="rounded border border-degraded px-1.5 text-xs text-degraded">Flapping</span>
        )}
      </p>
      {server.evidence !== "" && <p className="mt-1 text-sm break-words">{server.evidence}</p>}
      {server.shape !== "" && <p className="mt-1 text-sm break-words">{server.shape}</p>}
      {server.paused ? (
        <p className="mt-1 text-sm text-ink-2">
          Nobody looks at this server and nobody is told. Take the pause off in its settings.
        </p>
      ) : server.stale ? (
        <p className="mt-1 text-sm text-ink-2">
          The last verdict is too old to be believed, so nothing is said about the server. {server.advice}
        </p>
      ) : server.lastSlot === null ? (
        <p className="mt-1 text-sm text-ink-2">Its first verdict comes with the first full interval.</p>
      ) : (
        server.advice !== null && <p className="mt-1 text-sm text-ink-2">{server.advice}</p>
      )}
      {server.whyNoIncident !== null && <p className="mt-1 text-sm text-ink-2">No incident: {server.whyNoIncident}</p>}
    </div>
  );
}
