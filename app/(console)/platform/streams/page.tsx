import type { Metadata } from "next";
import Link from "next/link";
import { auditStreams, type StreamRow } from "#lib/queries/audit-streams";
import { read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { ButtonLink } from "../../../_ui/button.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { ActButton } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { PageHead } from "../../../_ui/page-head.tsx";
import { StatusMark } from "../../../_ui/status-mark.tsx";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";
import { testStreamAction } from "./actions.ts";

export const metadata: Metadata = { title: "Audit streams" };

const STATE = {
  current: { status: "up", word: "Has all" },
  new: { status: "unknown", word: "Begins" },
  behind: { status: "degraded", word: "Behind" },
  failing: { status: "down", word: "Fails" },
} as const;

export default async function StreamsPage() {
  const who = await allowed("platform.read");
  const own = who.seat.isPlatform;
  const rows = own ? await read(who, auditStreams) : [];
  const mayChange = own && can(who, "audit_stream.change");
  const add = (
    <ButtonLink href="/platform/streams/new" look="primary">
      Add a stream
    </ButtonLink>
  );
  return (
    <>
      <PageHead
        title="Audit streams"
        lead="Copies of every tenant's audit log, and of its checkpoints, to where the database's administrators cannot reach. No personal data is in them."
      >
        {mayChange && add}
      </PageHead>
      {!own ? (
        <p className="text-sm text-ink-2">
          Streams belong to the tenant “This installation”: choose it as tenant to see them.
        </p>
      ) : rows.length === 0 ? (
        <Empty title="The log is copied nowhere" {...(mayChange ? { action: add } : {})}>
          Checkpoints are saved in a file of the worker. A syslog receiver, a webhook or a locked bucket also keeps the
          events themselves, where nobody here can change them.
        </Empty>
      ) : (
        <Streams rows={rows} mayChange={mayChange} mayTest={can(who, "platform.change")} />
      )}
    </>
  );
}

function Streams({ rows, mayChange, mayTest }: { rows: StreamRow[]; mayChange: boolean; mayTest: boolean }) {
  return (
    <Table
      label="Audit streams"
      head={
        <>
          <Th>State</Th>
          <Th>Stream</Th>
          <Th wide>Last error</Th>
          <Th className="text-right">Waiting</Th>
          <Th className="text-right">Had all</Th>
          {mayTest && <Th>Test</Th>}
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id}>
          <Td>
            <StatusMark status={STATE[row.state].status} word={STATE[row.state].word} />
          </Td>
          <Td className="w-full max-w-0 min-w-40">
            {mayChange ? (
              <Link href={`/platform/streams/${row.id}`} className="block truncate font-medium hover:underline">
                {row.name}
              </Link>
            ) : (
              <span className="block truncate font-medium">{row.name}</span>
            )}
            <span className="block truncate text-xs text-ink-2">
              {row.kindName}: {row.where}
            </span>
            {row.lastError !== null && (
              <span className="block text-xs break-words text-ink-2 md:hidden">{row.lastError}</span>
            )}
          </Td>
          <Td wide className="max-w-72 min-w-48 text-xs break-words text-ink-2">
            {row.lastError === null ? (
              "none"
            ) : (
              <>
                {row.lastError} {row.retryAt !== null && "Tried again by itself."}
              </>
            )}
          </Td>
          <Td className="text-right whitespace-nowrap">{row.waiting === 0 ? "" : row.waiting}</Td>
          <Td className="text-right text-ink-2">
            {row.caughtUpAt === null ? "never" : <Moment at={row.caughtUpAt} />}
          </Td>
          {mayTest && (
            <Td className="whitespace-nowrap">
              <span className="mr-2 text-xs text-ink-2">
                {row.test === null ? (
                  ""
                ) : row.test.state === "asked" ? (
                  "Under way"
                ) : (
                  <>
                    {row.test.result} <Moment at={row.test.at} />
                  </>
                )}
              </span>
              <ActButton
                action={testStreamAction}
                fields={{ streamId: row.id }}
                label={`Test ${row.name}`}
                busy="Asking…"
                small
              >
                Test
              </ActButton>
            </Td>
          )}
        </Tr>
      ))}
    </Table>
  );
}
