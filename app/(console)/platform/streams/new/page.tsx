import type { Metadata } from "next";
import Link from "next/link";
import { STREAM_KINDS, STREAMS } from "#lib/domain/audit/stream";
import { param, type SearchParams } from "../../../../_server/query.ts";
import { allowed } from "../../../../_server/session.ts";
import { TextField } from "../../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../../_ui/form.tsx";
import { PageHead, Panel } from "../../../../_ui/page-head.tsx";
import { SinkFields } from "../../../../_ui/sink-form.tsx";
import { WhyField } from "../../../../_ui/why-field.tsx";
import { addStreamAction } from "../actions.ts";

export const metadata: Metadata = { title: "Add an audit stream" };

export default async function NewStreamPage({ searchParams }: { searchParams: SearchParams }) {
  await allowed("audit_stream.change");
  const picked = await param(searchParams, "kind");
  const kind = STREAM_KINDS.find((k) => k === picked);
  if (kind === undefined)
    return (
      <>
        <PageHead title="Add an audit stream" lead="Where should the log be copied to?" />
        <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
          {STREAM_KINDS.map((k) => (
            <li key={k}>
              <Link
                href={`/platform/streams/new?kind=${k}`}
                className="block h-full rounded-lg border bg-panel p-4 hover:border-line-strong hover:bg-raised"
              >
                <span className="font-medium">{STREAMS[k].name}</span>
                <span className="mt-1 block text-sm text-ink-2">{STREAMS[k].summary}</span>
              </Link>
            </li>
          ))}
        </ul>
      </>
    );
  const { name, summary, fields } = STREAMS[kind];
  return (
    <div className="max-w-xl">
      <PageHead title={`Add ${name}`} lead={summary} />
      <Panel>
        <Form action={addStreamAction} label={`Add ${name}`}>
          <input type="hidden" name="kind" value={kind} />
          <TextField name="name" label="Name" required placeholder="What your people call it" />
          <SinkFields fields={fields} />
          <WhyField />
          <p className="text-sm text-ink-2">It begins with the first event of every tenant's log.</p>
          <FormError fields={["name", "why", ...fields.map((f) => `config.${f.name}`)]} />
          <div className="flex items-center gap-4">
            <Submit busy="Adding…">Add stream</Submit>
            <Link
              href="/platform/streams/new"
              className="text-sm text-ink-2 underline underline-offset-2 hover:text-ink"
            >
              Another kind
            </Link>
          </div>
        </Form>
      </Panel>
    </div>
  );
}
