import type { Metadata } from "next";
import { longer, retentionInput, shorter } from "#lib/domain/retention";
import { portalApprovals, portalRetention } from "#lib/queries/portal/retention";
import { wouldGo } from "#lib/queries/retention";
import { param, type SearchParams } from "../../../_server/query.ts";
import { read } from "../../../_server/read.ts";
import { can } from "../../../_server/session.ts";
import { Facts, PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { enter } from "../../_parts/enter.ts";
import { Approvals } from "./_parts/approvals.tsx";
import { AskLess, KeepLonger, SeeLess } from "../../../_parts/retention-forms.tsx";
import { portalAskCut, portalKeepLonger } from "./actions.ts";

export const metadata: Metadata = { title: "History kept" };

const spell = (n: number, one: string) => (n === 1 ? `1 ${one}` : `${n} ${one}s`);

export default async function PortalRetentionPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await enter("/portal/retention");
  const wanted = retentionInput.safeParse({
    minutesDays: await param(searchParams, "minutesDays"),
    incidentsDays: await param(searchParams, "incidentsDays"),
  });
  const { kept, approvals, gone } = await read(who, async (tx, now) => ({
    kept: await portalRetention(tx),
    approvals: await portalApprovals(tx, who.personId, now),
    gone: wanted.success ? await wouldGo(tx, wanted.data, now) : null,
  }));
  const may = { longer: can(who, "retention.change"), less: can(who, "retention.cut") };
  const atMost = kept.now.minutesDays >= kept.most.minutesDays && kept.now.incidentsDays >= kept.most.incidentsDays;
  const asked = wanted.success && gone !== null ? { days: wanted.data, gone } : null;
  const less = asked !== null && shorter(kept.now, asked.days).length > 0 && longer(kept.now, asked.days).length === 0;
  const waits = approvals.some((a) => a.state === "asked");
  return (
    <>
      <PageHead
        title="History kept"
        lead="How long the minutes of your servers and your resolved incidents are kept."
      />
      <Section title="Now">
        <Panel>
          <Facts
            rows={[
              [
                "Minutes of each server",
                `${spell(kept.now.minutesDays, "day")} of at most ${kept.most.minutesDays} in the tier ${kept.tier}`,
              ],
              [
                "Resolved incidents",
                `${spell(kept.now.incidentsDays, "day")} of at most ${kept.most.incidentsDays}, with their deliveries`,
              ],
            ]}
          />
        </Panel>
      </Section>
      {approvals.length > 0 && (
        <Section title="Asked for">
          <Approvals rows={approvals} mayDecide={may.less} />
        </Section>
      )}
      {may.longer && !atMost && (
        <Section title="Keep longer">
          <Panel className="max-w-xl">
            <KeepLonger now={kept.now} most={kept.most} action={portalKeepLonger} />
          </Panel>
        </Section>
      )}
      {may.less && !waits && (
        <Section title="Keep less">
          <Panel className="max-w-xl">
            <SeeLess now={wanted.success ? wanted.data : kept.now} />
            {asked !== null && !less && (
              <p className="mt-4 border-t pt-4 text-sm text-ink-2">
                That is not less than now, so nothing would be deleted. Choose fewer days, of one kind or of both.
              </p>
            )}
            {asked !== null && less && (
              <div className="mt-4 border-t pt-4">
                <p className="mb-3 text-sm">
                  With minutes kept for {spell(asked.days.minutesDays, "day")} and incidents for{" "}
                  {spell(asked.days.incidentsDays, "day")}, {spell(asked.gone.minutes, "minute")} of servers and{" "}
                  {spell(asked.gone.incidents, "resolved incident")} would be deleted now. That cannot be taken back, so
                  a second person of yours has to agree.
                </p>
                <AskLess wanted={asked.days} action={portalAskCut} />
              </div>
            )}
          </Panel>
        </Section>
      )}
    </>
  );
}
