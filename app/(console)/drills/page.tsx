import type { Metadata } from "next";
import Link from "next/link";
import { type Flavour, STEP_WORDS, STEPS_OF } from "#lib/domain/drill";
import { BUDGET_SERVERS, DRILL_BUDGET, DRILL_OVER } from "#lib/domain/drill-budget";
import { type DrillRow, drills } from "#lib/queries/drills";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { Confirm } from "../../_ui/confirm.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { StatusMark } from "../../_ui/status-mark.tsx";
import { spell } from "../../_ui/time-words.ts";
import { runDrillAction } from "./actions.ts";

export const metadata: Metadata = { title: "Drills" };

export default async function DrillsPage() {
  const who = await allowed("drill.read");
  const { rows, dueAt } = await read(who, (tx) => drills(tx));
  const running = rows.some((r) => r.endedAt === null);
  return (
    <>
      <PageHead
        title="Drills"
        lead="Servers that are made up fail where checks put what they found, and what comes of it goes the whole road to the people whom your routes name. Every sink says that it is a drill."
      >
        {can(who, "drill.run") && !running && (
          <div className="flex flex-wrap gap-2">
            <Confirm
              trigger="Run a drill"
              title="Run a drill now?"
              consequence="A made-up P1 opens, and everybody whom your routes name for a P1 is told, also those whom it wakes. It recovers when somebody acknowledges, or by itself after ten minutes."
              verb="Run it"
              busy="Beginning…"
              action={runDrillAction}
              fields={{ flavour: "single_tenant" }}
            />
            <Confirm
              trigger="Run a budget drill"
              title="Run a drill of the budget now?"
              consequence={`${BUDGET_SERVERS - 1} made-up servers fail at once, as a P2 does, and then one as a P1 does. ${DRILL_BUDGET} of them and the P1 are told as your routes say, also to those whom a P1 wakes; ${DRILL_OVER} are held and told in a digest two minutes later. A drill's budget is ${DRILL_BUDGET}, whatever your tier's is, and nothing of it counts against your own.`}
              verb="Run it"
              busy="Beginning…"
              action={runDrillAction}
              fields={{ flavour: "budget" }}
            />
            {who.seat.isPlatform && who.seat.layers.includes("root") && (
              <Confirm
                trigger="Run an outage drill"
                title="Run a drill of an outage over many tenants now?"
                consequence="One made-up server of the installation fails, together with tenants that are made up: rows of a count, and nothing else. The operators are told of a P1, also those whom it wakes; what is held goes into a digest. No real tenant is told or counted. After a minute at most it is over."
                verb="Run it"
                busy="Beginning…"
                action={runDrillAction}
                fields={{ flavour: "cluster" }}
              />
            )}
          </div>
        )}
      </PageHead>
      <Section title="Next one due">
        <Panel>
          {dueAt === null ? (
            <p className="text-sm">Now: no drill of the whole road has passed yet.</p>
          ) : (
            <p className="text-sm">
              <Moment at={dueAt} />, thirty days after the last of the whole road that passed.
            </p>
          )}
        </Panel>
      </Section>
      <Section title="What came of them">
        {rows.length === 0 ? (
          <Empty title="No drill yet">
            Run one in working hours first: it shows whether a real page would reach somebody, and how soon.
          </Empty>
        ) : (
          <div className="flex flex-col gap-3">
            {rows.map((row) => (
              <Report key={row.id} row={row} />
            ))}
          </div>
        )}
      </Section>
    </>
  );
}

const FLAVOUR_WORDS: Record<Flavour, string> = {
  single_tenant: "The whole road",
  budget: "A used-up budget",
  cluster: "A cause shared by many tenants",
};
const STATES = { asked: "○ Beginning", running: "▲ Running", passed: "● Passed", failed: "■ Something was missing" };

function Report({ row }: { row: DrillRow }) {
  const began = row.steps.injected ?? row.startedAt;
  return (
    <Panel>
      <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
        <StatusMark status="unknown" word="" drill />
        <span className="font-medium">{STATES[row.state]}</span>
        <span>{FLAVOUR_WORDS[row.flavour]}</span>
        <span className="text-ink-2">
          {row.by !== "" && `${row.by}, `}
          <Moment at={row.startedAt} />
        </span>
        {row.incidentId !== null && (
          <Link href={`/incidents/${row.incidentId}`} className="underline underline-offset-2">
            {row.flavour === "budget" ? "Its first incident" : "Its incident"}
          </Link>
        )}
        {row.digestId !== null && (
          <Link href={`/held?digest=${row.digestId}`} className="underline underline-offset-2">
            What was held back
          </Link>
        )}
      </div>
      {row.missing.length > 0 && (
        <ul className="mb-3 flex list-disc flex-col gap-1 pl-5 text-sm font-medium text-down">
          {row.missing.map((sentence) => (
            <li key={sentence} className="break-words">
              {sentence}
            </li>
          ))}
        </ul>
      )}
      <ol className="grid gap-x-6 gap-y-1 text-sm sm:grid-cols-2">
        {STEPS_OF[row.flavour].map((step) => {
          const at = row.steps[step];
          const after = at === undefined ? null : at - began;
          return (
            <li key={step} className="flex flex-wrap justify-between gap-x-3">
              <span className={after === null ? "text-ink-2" : ""}>{STEP_WORDS[step]}</span>
              <span className="tabular text-ink-2">
                {after === null
                  ? row.endedAt === null
                    ? "not yet"
                    : "never"
                  : after < 1_000
                    ? `after ${Math.max(0, after)} ms`
                    : `after ${spell(after)}`}
              </span>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
