import Link from "next/link";
import type { DeliveryRow } from "#lib/queries/deliveries";
import type { OverdueSecret } from "#lib/queries/sink-proof";
import type { SinkRow } from "#lib/queries/sinks";
import { ButtonLink } from "../_ui/button.tsx";
import { Empty } from "../_ui/empty.tsx";
import { ActButton } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Moment } from "../_ui/moment.tsx";
import { PageHead, Section } from "../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../_ui/table.tsx";
import { DeliveryList } from "./delivery-list.tsx";
import { SinkState } from "./sink-state.tsx";

export function SinkList({
  rows,
  dead,
  mayChange,
  again,
  againAll,
  overdue = [],
  base = "",
}: {
  rows: SinkRow[];
  /** What could not be delivered, newest first. */
  dead: DeliveryRow[];
  mayChange: boolean;
  again?: FormAction | undefined;
  againAll?: FormAction | undefined;
  /** Secrets that are older than they should be, oldest first. */
  overdue?: OverdueSecret[];
  base?: "" | "/portal";
}) {
  const add = (
    <ButtonLink href={`${base}/sinks/new`} look="primary">
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
          {againAll !== undefined && (
            <div className="mb-2 flex flex-wrap gap-2">
              {rows
                .filter((row) => row.enabled && row.dead > 1)
                .map((row) => (
                  <ActButton
                    key={row.id}
                    action={againAll}
                    fields={{ sinkId: row.id }}
                    busy="Queueing…"
                    small
                    label={`Send all ${row.dead} of ${row.name} again`}
                  >
                    Send all {row.dead} of {row.name} again
                  </ActButton>
                ))}
            </div>
          )}
          <DeliveryList rows={dead} again={again} bySink={false} base={base} />
        </Section>
      )}
      {overdue.length > 0 && (
        <Section title="Secrets to be replaced" aside="older than 90 days">
          <ul className="flex flex-col gap-1 text-sm">
            {overdue.map((o) => (
              <li key={o.id} className="flex flex-wrap gap-x-3">
                <Link href={`${base}/sinks/${o.id}`} className="font-medium hover:underline">
                  {o.name}
                </Link>
                <span className="text-ink-2">
                  entered <Moment at={o.secretAt} />
                  {o.owner !== null && `, set up by ${o.owner}`}
                </span>
              </li>
            ))}
          </ul>
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
            <Tr key={row.id} href={`${base}/sinks/${row.id}`}>
              <Td className="w-full max-w-0 min-w-36">
                <Link href={`${base}/sinks/${row.id}`} className="block truncate font-medium hover:underline">
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
                <SinkState enabled={row.enabled} proven={row.provenAt !== null} dead={row.dead} trouble={row.trouble} />
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
