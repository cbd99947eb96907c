import Link from "next/link";
import type { RunbookLine, RunbookView } from "#lib/queries/runbooks";
import { runbookBlocks } from "#lib/domain/runbook";
import { Confirm } from "../_ui/confirm.tsx";
import { AreaField } from "../_ui/field.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import { Moment } from "../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../_ui/table.tsx";

/** Text, drawn as text: a tag or a link in it stays the characters that it is. */
export function RunbookText({ body }: { body: string }) {
  return (
    <div className="flex max-w-3xl flex-col gap-2 text-sm break-words">
      {runbookBlocks(body).map((block, at) => {
        const key = `${at}`;
        if (block.kind === "heading")
          return (
            <h3 key={key} className="mt-2 font-semibold first:mt-0">
              {block.text}
            </h3>
          );
        if (!("items" in block)) return <p key={key}>{block.text}</p>;
        const items = block.items.map((item, of) => {
          const place = `${at}.${of}`;
          return <li key={place}>{item}</li>;
        });
        return block.kind === "steps" ? (
          <ol key={key} className="flex list-decimal flex-col gap-1.5 pl-5">
            {items}
          </ol>
        ) : (
          <ul key={key} className="flex list-disc flex-col gap-1.5 pl-5">
            {items}
          </ul>
        );
      })}
    </div>
  );
}

export function RunbookList({ rows, base }: { rows: RunbookLine[]; base: string }) {
  return (
    <>
      <PageHead
        title="Runbooks"
        lead="What to do about each reason. Every notice links to the one of its reason. Write your own where yours differs."
      />
      <Table
        label="Runbooks"
        tall
        head={
          <>
            <Th>Reason</Th>
            <Th>Usual severity</Th>
            <Th>Whose words</Th>
          </>
        }
      >
        {rows.map((row) => (
          <Tr key={row.reason} href={`${base}?reason=${row.reason}`}>
            <Td>
              <Link href={`${base}?reason=${row.reason}`} className="underline underline-offset-2">
                {row.label}
              </Link>
            </Td>
            <Td className="font-mono text-xs">{row.severity}</Td>
            <Td className="text-ink-2">{row.own ? "Your own" : "Given"}</Td>
          </Tr>
        ))}
      </Table>
    </>
  );
}

type One = Pick<RunbookView, "reason" | "label" | "advice" | "body" | "own" | "version" | "savedAt" | "versions">;

export function RunbookOne({
  one,
  base,
  save,
  remove,
}: {
  one: One;
  base: string;
  /** Absent for whoever may only read. */
  save?: FormAction;
  remove?: FormAction;
}) {
  return (
    <>
      <PageHead
        title={`Runbook: ${one.label}`}
        lead={
          <>
            {one.advice}{" "}
            <Link href={base} className="underline underline-offset-2">
              All runbooks
            </Link>
          </>
        }
      >
        {one.own && remove !== undefined && (
          <Confirm
            trigger="Back to the given one"
            triggerLook="plain"
            title={`Go back to the given runbook for "${one.label}"?`}
            consequence="The given text holds again from now on. What was written here stays among the versions."
            verb="Go back"
            busy="Going back…"
            action={remove}
            fields={{ reason: one.reason }}
          />
        )}
      </PageHead>
      <Section title={one.own ? `Your own, version ${one.version}` : "As given"}>
        <Panel>
          <RunbookText body={one.body} />
        </Panel>
      </Section>
      {save !== undefined && (
        <Section title="Write your own">
          <Panel className="max-w-3xl">
            <Form action={save} label="Write the runbook">
              <input type="hidden" name="reason" value={one.reason} />
              <AreaField
                key={one.version}
                name="body"
                label="Text"
                rows={16}
                value={one.body}
                required
                help={'Plain text, at most 8 KB. "# " begins a heading, "1. " a step, "- " a point.'}
              />
              <FormError fields={["body"]} />
              <div>
                <Submit busy="Saving…">Save as version {one.version + 1}</Submit>
              </div>
            </Form>
          </Panel>
        </Section>
      )}
      {one.versions.length > 0 && (
        <Section title="Versions">
          <ul className="divide-y rounded-lg border bg-panel">
            {one.versions.map((v) => (
              <li key={v.version} className="px-3 py-2 text-sm">
                <details>
                  <summary className="cursor-pointer">
                    Version {v.version}, <Moment at={v.savedAt} />
                    {v.by !== "" && `, ${v.by}`}
                    {v.body === null && ": back to the given one"}
                  </summary>
                  {v.body !== null && (
                    <div className="mt-2">
                      <RunbookText body={v.body} />
                    </div>
                  )}
                </details>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
