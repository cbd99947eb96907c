import type { Metadata } from "next";
import { serverNames } from "#lib/queries/servers";
import { silences, type SilenceRow } from "#lib/queries/silences";
import { windows } from "#lib/queries/windows";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { Confirm } from "../../_ui/confirm.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { SelectField, TextField } from "../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../_ui/form.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { Windows } from "./_parts/windows.tsx";
import { createSilenceAction, endSilenceAction } from "./actions.ts";

export const metadata: Metadata = { title: "Silences" };
const LENGTHS = [
  [30, "30 minutes"],
  [60, "1 hour"],
  [120, "2 hours"],
  [240, "4 hours"],
  [480, "8 hours"],
  [1440, "1 day"],
  [10_080, "1 week"],
] as const;

export default async function SilencesPage() {
  const who = await allowed("silence.read");
  const { rows, planned, all } = await read(who, async (tx, now) => ({
    rows: await silences(tx, now),
    planned: await windows(tx, now),
    all: await serverNames(tx, 500),
  }));
  const holding = rows.filter((r) => r.state === "holds");
  const ended = rows.filter((r) => r.state === "ended");
  const mayChange = can(who, "silence.change");
  return (
    <>
      <PageHead
        title="Silences"
        lead="Checking goes on and incidents are written down, but nobody is told. What is still wrong when a silence ends is told then."
      />
      <Section title="Hold now">
        {holding.length === 0 ? (
          <Empty title="Nothing is silenced">
            {mayChange
              ? "Before planned work, silence the server for as long as the work takes."
              : "Every incident is told as the routes say."}
          </Empty>
        ) : (
          <List rows={holding} mayEnd={mayChange} />
        )}
      </Section>
      {mayChange && (
        <Section title="Silence">
          <Panel className="max-w-2xl">
            <Form action={createSilenceAction} label="Silence" clear>
              <div className="grid gap-4 sm:grid-cols-2">
                <SelectField
                  name="serverId"
                  label="What"
                  options={[
                    { value: "", label: "Choose a server…" },
                    ...all.map((s) => ({ value: s.id, label: s.name })),
                    { value: "every", label: "Every server of this tenant" },
                  ]}
                  required
                />
                <SelectField
                  name="minutes"
                  label="For"
                  value="60"
                  options={LENGTHS.map(([value, label]) => ({ value: String(value), label }))}
                  required
                />
              </div>
              <TextField
                name="comment"
                label="Why"
                required
                placeholder="Planned work, ticket number…"
                help="Others see this beside every incident it holds back."
              />
              <FormError fields={["serverId", "minutes", "comment"]} />
              <div>
                <Submit busy="Silencing…">Silence</Submit>
              </div>
            </Form>
          </Panel>
        </Section>
      )}
      <Windows rows={planned} servers={all.map(({ id, name }) => ({ id, name }))} mayChange={mayChange} />
      {ended.length > 0 && (
        <Section title="Ended in the last week">
          <List rows={ended} mayEnd={false} />
        </Section>
      )}
    </>
  );
}

function List({ rows, mayEnd }: { rows: SilenceRow[]; mayEnd: boolean }) {
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {rows.map((row) => (
        <li key={row.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
          <span className="min-w-0 flex-1 basis-60">
            <span className="font-medium break-words">{row.serverName}</span>
            <span className="ml-2 break-words text-ink-2">{row.comment}</span>
            <span className="block text-xs text-ink-2">
              {row.by !== "" && `${row.by}, `}
              <Moment at={row.startsAt} />
            </span>
          </span>
          <span className="text-xs text-ink-2">
            {row.state === "holds" ? "ends" : "ended"} <Moment at={row.endsAt} />
          </span>
          {mayEnd && (
            <Confirm
              trigger="End now"
              triggerLook="plain"
              small
              title={`End the silence on ${row.serverName}?`}
              consequence="What is wrong there now is told at once, as the routes say."
              verb="End silence"
              busy="Ending…"
              action={endSilenceAction}
              fields={{ silenceId: row.id }}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
