import type { Metadata } from "next";
import { STREAMS } from "#lib/domain/audit/stream";
import { auditStreams } from "#lib/queries/audit-streams";
import { found, idOr404, read } from "../../../../_server/read.ts";
import { allowed } from "../../../../_server/session.ts";
import { Confirm } from "../../../../_ui/confirm.tsx";
import { TextField } from "../../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../../_ui/form.tsx";
import { PageHead, Panel } from "../../../../_ui/page-head.tsx";
import { SinkFields } from "../../../../_ui/sink-form.tsx";
import { WhyField } from "../../../../_ui/why-field.tsx";
import { changeStreamAction, removeStreamAction } from "../actions.ts";

export const metadata: Metadata = { title: "Audit stream" };

export default async function StreamPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await allowed("audit_stream.change");
  const id = idOr404((await params).id);
  const row = found(await read(who, async (tx, now) => (await auditStreams(tx, now)).find((s) => s.id === id) ?? null));
  const { fields, summary } = STREAMS[row.kind];
  return (
    <div className="max-w-xl">
      <PageHead title={row.name} lead={summary}>
        <Confirm
          trigger="Remove"
          title={`Remove the stream ${row.name}?`}
          consequence="Nothing more is copied there, and its secret is deleted. What the receiver has stays with it."
          verb="Remove stream"
          busy="Removing…"
          action={removeStreamAction}
          fields={{ streamId: row.id }}
        >
          <WhyField />
        </Confirm>
      </PageHead>
      {row.lastError !== null && (
        <p className="mb-4 rounded-lg border border-degraded bg-degraded-wash px-4 py-3 text-sm break-words">
          {row.lastError} {row.retryAt !== null && "It is tried again by itself."}
        </p>
      )}
      <Panel>
        <Form action={changeStreamAction} label={`Change ${row.name}`}>
          <input type="hidden" name="streamId" value={row.id} />
          <TextField name="name" label="Name" required value={row.name} />
          <SinkFields fields={fields} values={row.config} sealed={row.hasSecret} />
          <WhyField />
          <p className="text-sm text-ink-2">
            It goes on after what was sent before: a new place begins where the old one ended.
          </p>
          <FormError fields={["name", "why", ...fields.map((f) => `config.${f.name}`)]} />
          <div>
            <Submit busy="Saving…">Save</Submit>
          </div>
        </Form>
      </Panel>
    </div>
  );
}
