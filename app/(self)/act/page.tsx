import type { Metadata } from "next";
import Link from "next/link";
import { may } from "#lib/domain/permissions";
import { incidentDetail } from "#lib/queries/incident-detail";
import { refIn } from "../../_server/act-ref.ts";
import { db } from "../../_server/db.ts";
import type { SearchParams } from "../../_server/query.ts";
import { seated } from "../../_server/session.ts";
import { ActButton } from "../../_ui/form.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { Facts, PageHead, Panel } from "../../_ui/page-head.tsx";
import { SeverityBadge } from "../../_ui/severity-badge.tsx";
import { actByLinkAction } from "./actions.ts";

export const metadata: Metadata = { title: "Act on an incident" };

/** Shows what a link in a notice is about. Looking at it changes nothing, whoever or whatever opens it. */
export default async function ActPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await seated();
  const given = (await searchParams)["ref"];
  const text = typeof given === "string" ? given : "";
  const ref = refIn(text);
  if (ref === "over")
    return (
      <Nothing title="This link is too old">
        A link in a message holds for seven days: open the incident in the console.
      </Nothing>
    );
  const seat = ref === null ? undefined : who.seats.find((s) => s.id === ref.tenantId);
  if (ref === null || seat === undefined || !may(seat.layers, "incident.read")) return <Unknown />;
  const context = { tenantId: seat.id, actorId: who.personId, readOnly: true };
  const incident = await db().withTenant(context, (tx) => incidentDetail(tx, ref.incidentId));
  if (incident === null) return <Unknown />;
  const mayAct = who.acting === null && !who.readsOnly;
  return (
    <>
      <PageHead title={`#${incident.number} ${incident.subject}`} lead={incident.evidence} />
      <Panel className="mb-6">
        <Facts
          rows={[
            ["Severity", <SeverityBadge key="s" severity={incident.severity} />],
            ["What", incident.reason],
            ["Tenant", seat.name],
            ["Since", <Moment key="m" at={incident.startedAt} />],
            ["State", stateWords(incident)],
          ]}
        />
      </Panel>
      <div className="flex flex-wrap gap-3">
        {incident.state === "open" && mayAct && may(seat.layers, "incident.acknowledge") && (
          <ActButton
            action={actByLinkAction}
            fields={{ ref: text, verb: "acknowledge" }}
            look="primary"
            busy="Acknowledging…"
            label="Acknowledge"
          >
            Acknowledge
          </ActButton>
        )}
        {incident.state !== "resolved" && mayAct && may(seat.layers, "incident.resolve") && (
          <ActButton
            action={actByLinkAction}
            fields={{ ref: text, verb: "resolve" }}
            look="plain"
            busy="Resolving…"
            label="Resolve"
          >
            Resolve
          </ActButton>
        )}
        {seat.id === who.seat.id && (
          <Link href={`/incidents/${incident.id}`} className="self-center text-sm underline">
            Open the incident
          </Link>
        )}
      </div>
    </>
  );
}

function stateWords(incident: { state: string; acknowledgedBy: string | null }): string {
  if (incident.state === "acknowledged") return `Acknowledged by ${incident.acknowledgedBy ?? "somebody"}`;
  return incident.state === "resolved" ? "Resolved" : "Open: nobody has it in hand yet";
}

const Unknown = () => (
  <Nothing title="This link opens nothing">
    It may be cut off, or be about a tenant that is not yours: open it again from the message, or ask who sent it to
    you.
  </Nothing>
);

const Nothing = ({ title, children }: { title: string; children: string }) => (
  <PageHead title={title} lead={children} />
);
