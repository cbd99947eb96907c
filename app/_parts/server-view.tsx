import Link from "next/link";
import type { FormAction } from "../_ui/form-state.ts";
import type { ShownBaseline } from "#lib/queries/baseline";
import type { LatencyMinute } from "#lib/queries/latency";
import type { IncidentRow } from "#lib/queries/incidents";
import type { RequestNow } from "#lib/queries/request";
import type { ServerDetail } from "#lib/queries/server";
import { eraWord } from "#lib/queries/words";
import { CopyId } from "../_ui/copy-id.tsx";
import { ActButton } from "../_ui/form.tsx";
import { LatencyChart } from "../_ui/latency-chart.tsx";
import { Moment } from "../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../_ui/page-head.tsx";
import { RegionCells } from "../_ui/region-cells.tsx";
import { IncidentTable } from "./incident-table.tsx";
import { LiveProbe } from "./live-probe.tsx";
import { type ServerActions, Settings } from "./server-settings.tsx";
import { Tools } from "./tools.tsx";
import { type ShownTranscript, Transcripts } from "./transcripts.tsx";
import { VerdictSentence } from "./verdict-sentence.tsx";

const AUTH: Record<string, string> = {
  open: "none asked for",
  protected: "asks for credentials",
  unknown: "not known yet",
};

export interface ServerViewProps {
  detail: Omit<ServerDetail, "badStreak" | "transcripts"> & { transcripts: ShownTranscript[] };
  minutes: LatencyMinute[];
  usual: ShownBaseline;
  past: IncidentRow[];
  probe: RequestNow | null;
  tier: string;
  /** The request that the address names: shown also when it is done. */
  look: string;
  actions: ServerActions & { probe: FormAction };
  may: { change: boolean; setCredential: boolean; remove: boolean };
  base?: "" | "/portal";
}

function usualWords(usual: ShownBaseline): string {
  if (usual === null) return "What is usual for it is known after a day of checks.";
  const failed = (usual.errorsPermille / 10).toLocaleString("en", { maximumFractionDigits: 1 });
  const now = usual.elevated === null ? "" : ` Now: ${usual.elevated}.`;
  return `Usual over seven days: ${usual.p50Ms} ms, 95 in 100 within ${usual.p95Ms} ms; ${failed} % of checks failed.${now}`;
}

export function ServerView({
  detail,
  minutes,
  usual,
  past,
  probe,
  tier,
  look,
  actions,
  may,
  base = "",
}: ServerViewProps) {
  const cities = Object.fromEntries(detail.allRegions.map((r) => [r.name, r.city]));
  return (
    <>
      <PageHead title={detail.name} lead={<CopyId value={detail.url} shown={detail.shownUrl} what="address" />}>
        {may.change && !detail.paused && (
          <ActButton action={actions.probe} fields={{ serverId: detail.id }} busy="Asking…" label="Check now">
            Check now
          </ActButton>
        )}
      </PageHead>
      <VerdictSentence server={detail} />
      {minutes.at(-1)?.planned === true && (
        <p className="mb-5 rounded-md border bg-raised px-3 py-2 text-sm text-ink-2">
          Planned work is under way, or it is silenced: it is looked at as ever, and nobody is told before the end.
        </p>
      )}
      {probe !== null && (look === probe.id || probe.state === "pending" || probe.state === "running") && (
        <LiveProbe request={probe} cities={cities} firstLook={detail.lastSlot === null} />
      )}
      {detail.cells.length > 0 && (
        <Section title="Regions">
          <RegionCells cells={detail.cells} />
        </Section>
      )}
      <Section title="Latency, last 6 hours">
        <Panel>
          <LatencyChart points={minutes} cities={cities} />
          <p className="mt-2 text-xs text-ink-2">{usualWords(usual)}</p>
        </Panel>
      </Section>
      {past.length > 0 && (
        <Section title="Its incidents">
          <IncidentTable rows={past} label="Incidents of this server" withSubject={false} base={base} />
        </Section>
      )}
      <div className="grid grid-cols-1 gap-x-6 lg:grid-cols-2">
        <Section title="What it is">
          <Panel>
            <Facts
              rows={[
                ["Calls itself", detail.serverName ?? "not said yet"],
                ["Protocol era", eraWord(detail.era)],
                ["Protocol version", detail.protocolVersion ?? "not found yet"],
                [
                  "Sign-in",
                  <Link key="s" href={`${base}/servers/${detail.id}/credential`} className="underline">
                    {AUTH[detail.auth] ?? detail.auth}
                  </Link>,
                ],
                ["Checked every", <Every key="e" detail={detail} />],
                [
                  "Looked at beside it",
                  <Link key="c" href={`${base}/servers/${detail.id}/checks`} className="underline">
                    Test calls, health addresses, sessions
                  </Link>,
                ],
                [
                  "Alerts after",
                  `${detail.fireAfter} bad checks in a row; clears after ${detail.clearAfter} good ones`,
                ],
                ["Last checked", detail.lastSlot === null ? "never" : <Moment key="m" at={detail.lastSlot} />],
              ]}
            />
          </Panel>
        </Section>
        <Section title="Tools" aside={detail.tools === null ? undefined : `${detail.tools.count} listed`}>
          <Tools tools={detail.tools} href={`${base}/servers/${detail.id}/tools`} />
        </Section>
      </div>
      <Transcripts transcripts={detail.transcripts} />
      {may.change && <Settings server={detail} tier={tier} actions={actions} may={may} base={base} />}
    </>
  );
}

const every = (s: number) => (s < 60 ? `${s} s` : `${s / 60} min`);

function Every({ detail: { intervalS, slowed } }: { detail: Pick<ServerDetail, "intervalS" | "slowed"> }) {
  if (slowed === null) return every(intervalS);
  return (
    <>
      {every(slowed.everyS)} instead of {every(intervalS)}: its checks had to be stopped by force again and again
      {slowed.until !== null && (
        <>
          , until <Moment at={slowed.until} /> at the earliest
        </>
      )}
    </>
  );
}
