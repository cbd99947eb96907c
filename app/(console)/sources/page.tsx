import type { Metadata } from "next";
import { fruitlessCalls, inboundAlerts, sources } from "#lib/queries/sources";
import { addressOf } from "../../_server/act-ref.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { CopyId } from "../../_ui/copy-id.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Facts, PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { AddSource, ChangeSource } from "./_parts/forms.tsx";
import { AlertList, CallList, SourceList } from "./_parts/lists.tsx";

export const metadata: Metadata = { title: "Sources" };
const SHOWN = 50;

export default async function SourcesPage() {
  const who = await allowed("source.read");
  const { rows, alerts, calls } = await read(who, async (tx) => ({
    rows: await sources(tx),
    alerts: await inboundAlerts(tx, SHOWN),
    calls: await fruitlessCalls(tx, SHOWN),
  }));
  const mayChange = can(who, "source.change");
  const held = rows.filter((r) => r.revokedAt === null);
  return (
    <>
      <PageHead
        title="Sources"
        lead="Other monitors send their alerts here. Each becomes an incident, and goes the same way as what is found here: routes, silences, acknowledgement."
      />
      <Section title="Who sends">
        {rows.length === 0 ? (
          <Empty title="No other monitor sends alerts here">
            {mayChange ? "Add one: it gets a token that it shows with what it sends." : "An operator can add one."}
          </Empty>
        ) : (
          <SourceList rows={rows} />
        )}
        {mayChange && held.map((row) => <ChangeSource key={row.id} row={row} />)}
      </Section>
      {mayChange && (
        <Section title="Add a source">
          <AddSource />
        </Section>
      )}
      <Section title="Alerts" aside={alerts.length === SHOWN ? `the newest ${SHOWN}` : undefined}>
        {alerts.length === 0 ? (
          <Empty title="No alert has come">What a source sends stands here with what became of it.</Empty>
        ) : (
          <AlertList rows={alerts} />
        )}
      </Section>
      {calls.length > 0 && (
        <Section title="Came and led to nothing" aside={calls.length === SHOWN ? `the newest ${SHOWN}` : undefined}>
          <CallList rows={calls} />
        </Section>
      )}
      <Section title="Where to send">
        <Panel>
          <Facts
            rows={[
              ["Prometheus", <CopyId key="p" value={addressOf("/api/v2/alerts")} what="the address for Prometheus" />],
              [
                "Alertmanager",
                <CopyId key="a" value={addressOf("/api/hooks/alertmanager")} what="the address for Alertmanager" />,
              ],
              [
                "Anything else",
                <CopyId key="g" value={addressOf("/api/hooks/inbound")} what="the address for anything else" />,
              ],
            ]}
          />
        </Panel>
      </Section>
    </>
  );
}
