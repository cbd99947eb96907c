import type { Metadata } from "next";
import Link from "next/link";
import { SOFT_FAULTS } from "#lib/domain/justification";
import { DRIFTS } from "#lib/domain/role-drift";
import { daysAfter } from "#lib/domain/utc-day";
import {
  type DriftFinding,
  type Report,
  reportWeeks,
  roleDriftReport,
  type WeakReason,
  weakReasons,
} from "#lib/queries/reports";
import { param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed } from "../../_server/session.ts";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { RowDetail } from "../audit/_parts/row-detail.tsx";

export const metadata: Metadata = { title: "Weekly reports" };

export default async function ReportsPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("report.read");
  const asked = await param(searchParams, "week");
  const { weeks, week, drift, reasons } = await read(who, async (tx) => {
    const weeks = await reportWeeks(tx, who.seat.id);
    const week = weeks.find((w) => w === asked) ?? weeks[0];
    return {
      weeks,
      week,
      drift: week === undefined ? null : await roleDriftReport(tx, who.seat.id, week),
      reasons: week === undefined ? null : await weakReasons(tx, who.seat.id, week),
    };
  });
  return (
    <>
      <PageHead
        title="Weekly reports"
        lead="Made each Monday for the week before: roles that are given and not used, and reasons that got past the field and are worth a second look. Nothing is changed by them."
      />
      {week === undefined ? (
        <Empty title="No report yet">The first is made on Monday, for the week that is over then.</Empty>
      ) : (
        <>
          <nav aria-label="Weeks" className="mb-5 flex flex-wrap gap-1">
            {weeks.map((w) => (
              <Link
                key={w}
                href={`/reports?week=${w}`}
                aria-current={w === week ? "page" : undefined}
                className="tabular inline-flex h-7 items-center rounded-md border px-2.5 text-xs text-ink-2 hover:bg-raised aria-[current=page]:border-ink aria-[current=page]:bg-panel aria-[current=page]:text-ink"
              >
                {w} to {daysAfter(w, 6)}
              </Link>
            ))}
          </nav>
          {drift !== null && <Drifts report={drift} />}
          {reasons !== null && <Reasons report={reasons} />}
          {!who.seat.isPlatform && drift === null && (
            <p className="text-sm text-ink-2">
              Roles are reported on for the whole installation: look at its own tenant.
            </p>
          )}
        </>
      )}
    </>
  );
}

function Drifts({ report }: { report: Report<DriftFinding> }) {
  const kinds = (Object.keys(DRIFTS) as (keyof typeof DRIFTS)[]).filter((k) =>
    report.findings.some((f) => f.kind === k),
  );
  return (
    <Section
      title="Roles: given and used"
      aside={
        <>
          {report.lookedAt} people looked at, made <Moment at={report.madeAt} />
        </>
      }
    >
      {kinds.length === 0 ? (
        <Empty title="Roles are as they are used">
          Everybody who holds a role was here, and every group stands for something.
        </Empty>
      ) : (
        <Table
          label="Role drift"
          head={
            <>
              <Th>What</Th>
              <Th>Who</Th>
              <Th wide>Role, group or tenant</Th>
            </>
          }
        >
          {kinds.flatMap((kind) =>
            report.findings
              .filter((f) => f.kind === kind)
              .map((f) => (
                <Tr key={`${kind} ${f.person?.id} ${f.what}`}>
                  <Td>{DRIFTS[kind]}</Td>
                  <Td>
                    {f.person === null ? (
                      <span className="text-ink-2">{kind === "few_roots" ? "Root operators" : "A group"}</span>
                    ) : (
                      f.person.name
                    )}
                    {f.what !== null && <span className="block text-xs text-ink-2 md:hidden">{f.what}</span>}
                  </Td>
                  <Td wide className="text-ink-2">
                    {f.what}
                  </Td>
                </Tr>
              )),
          )}
        </Table>
      )}
    </Section>
  );
}

function Reasons({ report }: { report: Report<WeakReason> }) {
  return (
    <Section
      title="Reasons worth a second look"
      aside={
        <>
          {report.findings.length} of {report.lookedAt}, made <Moment at={report.madeAt} />
        </>
      }
    >
      {report.findings.length === 0 ? (
        <Empty title={report.lookedAt === 0 ? "Nobody gave a reason in this week" : "Each reason reads like one"}>
          {report.lookedAt === 0
            ? "Reasons are asked for where they matter, and kept in the log beside what was done."
            : "None was copied, typed past the field or given again and again."}
        </Empty>
      ) : (
        <Table
          label="Weak reasons"
          tall
          head={
            <>
              <Th>Reason</Th>
              <Th>What is weak about it</Th>
              <Th>By whom, for what</Th>
              <Th wide>When</Th>
            </>
          }
        >
          {report.findings.map(({ row, faults }) => (
            <Tr key={row.id}>
              <Td className="max-w-72 align-top! break-words">
                {row.personal.state === "erased" ? (
                  <span className="text-ink-2">erased</span>
                ) : (
                  row.personal.why || String(row.personal.facts.comment ?? "")
                )}
              </Td>
              <Td className="align-top! text-ink-2">{faults.map((f) => SOFT_FAULTS[f]).join(" ")}</Td>
              <Td className="align-top!">
                <span className="font-medium">{row.who}</span>
                <RowDetail row={row} own />
              </Td>
              <Td wide className="align-top! text-ink-2">
                <Moment at={row.at} />
              </Td>
            </Tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
