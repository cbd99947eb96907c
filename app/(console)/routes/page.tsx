import type { Metadata } from "next";
import { listWarnings } from "#lib/domain/explain";
import { defaultPolicy, type ListedPolicy } from "#lib/domain/policy";
import { rosterOfFacts } from "#lib/domain/roster";
import { policiesNow } from "#lib/queries/policy";
import { param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { PolicyEditor } from "./_parts/policy-editor.tsx";
import { PolicyList } from "./_parts/policy-list.tsx";
import { Preview, Warnings } from "./_parts/preview.tsx";

export const metadata: Metadata = { title: "Routes" };

export default async function RoutesPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("policy.read");
  const asked = await param(searchParams, "policy");
  const { data, now } = await read(who, async (tx, at) => ({ data: await policiesNow(tx, at), now: at.getTime() }));
  const mayChange = can(who, "policy.change");
  const isNew = asked === "new" && mayChange;
  const last = data.policies.at(-1) ?? fallback(data.sinks);
  const shown: ListedPolicy = isNew ? fresh(data.sinks) : (data.policies.find((p) => p.id === asked) ?? last);
  const moment = { roster: rosterOfFacts(data.roster), at: now };
  const servers = new Set(data.servers.map((s) => s.id));
  // What nobody has set follows the sinks, so that its steps may well tell nobody new.
  const warnings = listWarnings(data.policies, data.sinks, servers, moment).map((w, i) =>
    data.policies[i]?.id === null ? w.filter((line) => !line.startsWith("Step ")) : w,
  );
  return (
    <>
      <PageHead
        title="Routes"
        lead="Who is told what and when, until somebody acknowledges. The first policy that matches an incident holds; open incidents keep the one they opened with."
      >
        {mayChange && data.sinks.length > 0 && !isNew && (
          <ButtonLink href="/routes?policy=new" look="primary">
            Add a policy
          </ButtonLink>
        )}
      </PageHead>
      {data.sinks.length === 0 ? (
        <Empty
          title="There is nobody to route to"
          {...(can(who, "sink.change")
            ? {
                action: (
                  <ButtonLink href="/sinks/new" look="primary">
                    Add a sink
                  </ButtonLink>
                ),
              }
            : {})}
        >
          Routes decide among sinks, and this tenant has none yet.
        </Empty>
      ) : (
        <>
          <Section title="In this order">
            <PolicyList data={data} warnings={warnings} shown={isNew ? null : shown} mayChange={mayChange} />
            <Warnings
              list={data.holes.map(
                ({ name, first, more }) =>
                  `${name}: nobody is on call from ${minute(first.from)} to ${minute(first.to)} UTC${more > 0 ? `, and ${more} times more within 30 days` : ""}.`,
              )}
            />
          </Section>
          {mayChange ? (
            <Section
              title={isNew ? "A new policy" : shown.name}
              {...(isNew || shown.id !== null
                ? {}
                : { aside: "Nobody has set this yet: it is drawn from the sinks and follows them." })}
            >
              <PolicyEditor key={`${shown.id} ${JSON.stringify(shown)}`} policy={shown} isNew={isNew} data={data} />
            </Section>
          ) : (
            <Preview policies={data.policies} shown={shown} data={data} />
          )}
        </>
      )}
    </>
  );
}

const minute = (at: number): string => new Date(at).toISOString().slice(0, 16).replace("T", " ");

type Sinks = Parameters<typeof defaultPolicy>[0];
const fallback = (sinks: Sinks): ListedPolicy => ({ ...defaultPolicy(sinks), id: null, isDefault: true, matchers: [] });
const fresh = (sinks: Sinks): ListedPolicy => ({
  ...defaultPolicy(sinks),
  ...{ id: "new", name: "", isDefault: false, matchers: [{ on: "severity", is: ["P1"] }] },
});
