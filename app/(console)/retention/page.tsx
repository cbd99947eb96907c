import type { Metadata } from "next";
import Link from "next/link";
import { KEPT, KINDS, retentionInput, spellDays } from "#lib/domain/retention";
import { retention, wouldGo } from "#lib/queries/retention";
import { param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { Facts, PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { AskLess, KeepLonger, SeeLess } from "../../_parts/retention-forms.tsx";
import { askCutAction, keepLongerAction } from "./actions.ts";

export const metadata: Metadata = { title: "History kept" };

export default async function RetentionPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("retention.read");
  const wanted = retentionInput.safeParse({
    minutesDays: await param(searchParams, "minutesDays"),
    incidentsDays: await param(searchParams, "incidentsDays"),
  });
  const { kept, gone } = await read(who, async (tx, now) => ({
    kept: await retention(tx),
    gone: wanted.success ? await wouldGo(tx, wanted.data, now) : null,
  }));
  const atMost = KINDS.every((kind) => kept.now[kind] >= kept.most[kind]);
  return (
    <>
      <PageHead
        title="History kept"
        lead="How long this tenant's minutes and resolved incidents are kept. The audit log is kept for seven years, whatever is set here."
      />
      <Section title="Now">
        <Panel>
          <Facts
            rows={KINDS.map((kind) => [
              KEPT[kind],
              `${spellDays(kept.now[kind])} of at most ${kept.most[kind]} in the tier ${kept.tier}`,
            ])}
          />
        </Panel>
      </Section>
      {can(who, "retention.change") && !atMost && (
        <Section title="Keep longer">
          <Panel className="max-w-xl">
            <KeepLonger now={kept.now} most={kept.most} action={keepLongerAction} />
          </Panel>
        </Section>
      )}
      {can(who, "retention.cut") && (
        <Section
          title="Keep less"
          aside={
            <Link href="/approvals" className="underline underline-offset-2 hover:text-ink">
              what was asked for
            </Link>
          }
        >
          <Panel className="max-w-xl">
            <SeeLess now={wanted.success ? wanted.data : kept.now} />
            {wanted.success && gone !== null && (
              <div className="mt-4 border-t pt-4">
                <p className="mb-3 text-sm">
                  With minutes kept for {spellDays(wanted.data.minutesDays)} and incidents for{" "}
                  {spellDays(wanted.data.incidentsDays)}, {gone.minutes} minutes of servers and {gone.incidents}{" "}
                  resolved incidents would be deleted now. That cannot be taken back, so a second person decides.
                </p>
                <AskLess wanted={wanted.data} action={askCutAction} />
              </div>
            )}
          </Panel>
        </Section>
      )}
    </>
  );
}
