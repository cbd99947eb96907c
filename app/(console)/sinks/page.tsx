import type { Metadata } from "next";
import Link from "next/link";
import { deliveries } from "#lib/queries/deliveries";
import { sinks } from "#lib/queries/sinks";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { DeliveryList } from "../../_parts/delivery-list.tsx";
import { SinkState } from "../../_parts/sink-state.tsx";
import { redriveAction } from "./actions.ts";

export const metadata: Metadata = { title: "Sinks" };

export default async function SinksPage() {
  const who = await allowed("sink.read");
  const { rows, dead } = await read(who, async (tx) => ({
    rows: await sinks(tx),
    dead: await deliveries(tx, { state: "dead", take: 20 }),
  }));
  const mayChange = can(who, "sink.change");
  const add = (
    <ButtonLink href="/sinks/new" look="primary">
      Add a sink
    </ButtonLink>
  );
  return (
    <>
      <PageHead title="Sinks" lead="Where notices go.">
        {mayChange && add}
      </PageHead>
      {dead.length > 0 && (
        <Section title="Could not be delivered" aside="newest 20">
          <DeliveryList rows={dead} again={can(who, "delivery.redrive") ? redriveAction : undefined} bySink={false} />
        </Section>
      )}
      {rows.length === 0 ? (
        <Empty title="Nobody can be told yet" {...(mayChange ? { action: add } : {})}>
          Without a sink an incident opens, is written down, and no one hears of it. Add the place where your people
          look.
        </Empty>
      ) : (
        <Table
          label="Sinks"
          head={
            <>
              <Th>Sink</Th>
              <Th wide>Kind</Th>
              <Th wide>Tells</Th>
              <Th>State</Th>
              <Th wide className="text-right">
                Waiting
              </Th>
              <Th className="text-right">Last sent</Th>
            </>
          }
        >
          {rows.map((row) => (
            <Tr key={row.id} href={`/sinks/${row.id}`}>
              <Td className="w-full max-w-0 min-w-36">
                <Link href={`/sinks/${row.id}`} className="block truncate font-medium hover:underline">
                  {row.name}
                </Link>
              </Td>
              <Td wide className="whitespace-nowrap text-ink-2">
                {row.kindName}
                {row.wakes && <span className="ml-2 rounded border px-1 text-2xs">wakes people</span>}
              </Td>
              <Td wide className="max-w-64 truncate text-ink-2">
                {row.tells}
              </Td>
              <Td>
                <SinkState enabled={row.enabled} dead={row.dead} />
              </Td>
              <Td wide className="text-right whitespace-nowrap text-ink-2">
                {row.waiting === 0 ? "" : row.waiting}
              </Td>
              <Td className="text-right text-ink-2">
                {row.lastSentAt === null ? "never" : <Moment at={row.lastSentAt} />}
              </Td>
            </Tr>
          ))}
        </Table>
      )}
    </>
  );
}
