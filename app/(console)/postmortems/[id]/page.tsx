import type { Metadata } from "next";
import Link from "next/link";
import { SECTION_WORDS, SECTIONS } from "#lib/domain/postmortem";
import { postmortem } from "#lib/queries/postmortems";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { Button } from "../../../_ui/button.tsx";
import { Confirm } from "../../../_ui/confirm.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { AreaField } from "../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { SeverityBadge } from "../../../_ui/severity-badge.tsx";
import { asSeverity } from "#lib/queries/words";
import { AddItem, ItemList } from "../_parts/items.tsx";
import { publishPostmortemAction, savePostmortemAction } from "../actions.ts";

export const metadata: Metadata = { title: "Postmortem" };

export default async function PostmortemPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await allowed("postmortem.read");
  const id = idOr404((await params).id);
  const one = found(await read(who, (tx, now) => postmortem(tx, id, now)));
  const mayChange = can(who, "postmortem.change");
  const writes = mayChange && one.state === "draft";
  return (
    <>
      <PageHead
        title={one.title}
        lead={
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <SeverityBadge severity={asSeverity(one.severity)} />
            <span className={one.overdue ? "font-medium text-down" : ""}>
              {one.state === "done" ? (
                <>
                  Finished {one.doneBy !== null && `by ${one.doneBy} `}
                  {one.doneAt !== null && <Moment at={one.doneAt} />}
                </>
              ) : (
                <>
                  {one.overdue ? "■ Overdue, was due " : "Draft, due "}
                  <Moment at={one.dueAt} />
                </>
              )}
            </span>
            <Link href={`/incidents/${id}`} className="underline underline-offset-2">
              The incident
            </Link>
          </span>
        }
      >
        <form method="post" action={`/postmortems/${id}/markdown`}>
          <Button type="submit" look="plain">
            Take away as Markdown
          </Button>
        </form>
        {writes && (
          <Confirm
            trigger="Finish"
            title={`Finish the postmortem of ${one.title}?`}
            consequence="From then on it is read and not written. Its action items go on."
            verb="Finish"
            busy="Finishing…"
            action={publishPostmortemAction}
            fields={{ incidentId: id }}
          />
        )}
      </PageHead>
      {writes ? (
        <Section title="Write" aside={one.updatedBy === null ? "begun from the timeline" : `last by ${one.updatedBy}`}>
          <Panel className="max-w-3xl">
            <Form action={savePostmortemAction} label="Write the postmortem">
              <input type="hidden" name="incidentId" value={id} />
              {SECTIONS.map((name) => (
                <AreaField
                  key={name}
                  name={name}
                  label={SECTION_WORDS[name].label}
                  help={SECTION_WORDS[name].help}
                  value={one.sections[name]}
                  rows={name === "times" ? 7 : 4}
                />
              ))}
              <FormError fields={[...SECTIONS]} />
              <div>
                <Submit busy="Saving…">Save</Submit>
              </div>
            </Form>
          </Panel>
        </Section>
      ) : (
        SECTIONS.map((name) => (
          <Section key={name} title={SECTION_WORDS[name].label}>
            <Panel className="max-w-3xl">
              <p className="text-sm break-words whitespace-pre-line">
                {one.sections[name] === "" ? "Not written yet." : one.sections[name]}
              </p>
            </Panel>
          </Section>
        ))
      )}
      <Section title="Action items" aside={one.items.length === 0 ? undefined : `${one.items.length}`}>
        {one.items.length === 0 ? (
          <Empty title="No action item yet">
            Write down what prevents this, shows it sooner or makes it hurt less, who does it and until when.
          </Empty>
        ) : (
          <ItemList rows={one.items} mayChange={mayChange} named={false} />
        )}
      </Section>
      {mayChange && (
        <Section title="Add an action item">
          <Panel className="max-w-3xl">
            <AddItem incidentId={id} />
          </Panel>
        </Section>
      )}
    </>
  );
}
