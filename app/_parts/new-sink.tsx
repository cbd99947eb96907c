import Link from "next/link";
import { SINKS } from "#lib/sinks/index";
import type { Sink } from "#lib/sinks/sink";
import { TextField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { PageHead, Panel } from "../_ui/page-head.tsx";
import { SinkFields } from "../_ui/sink-form.tsx";

const KINDS: Sink[] = Object.values(SINKS);

/** First which kind, then its own form. @param picked the kind in the address, "" before one was chosen */
export function NewSink({ picked, action, base = "" }: { picked: string; action: FormAction; base?: "" | "/portal" }) {
  const sink = KINDS.find((s) => s.kind === picked);
  if (sink === undefined) {
    return (
      <>
        <PageHead title="Add a sink" lead="Where do your people look?" />
        <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
          {KINDS.map((s) => (
            <li key={s.kind}>
              <Link
                href={`${base}/sinks/new?kind=${s.kind}`}
                className="block h-full rounded-lg border bg-panel p-4 hover:border-line-strong hover:bg-raised"
              >
                <span className="font-medium">{s.name}</span>
                <span className="mt-1 block text-sm text-ink-2">{s.summary}</span>
              </Link>
            </li>
          ))}
        </ul>
      </>
    );
  }
  const fields = sink.fields.map((f) => `config.${f.name}`);
  return (
    <div className="max-w-xl">
      <PageHead title={`Add ${sink.name}`} lead={sink.summary} />
      <Panel>
        <Form action={action} label={`Add ${sink.name}`}>
          <input type="hidden" name="kind" value={sink.kind} />
          <TextField name="name" label="Name" required placeholder="What your people call it" />
          <SinkFields fields={sink.fields} />
          <FormError fields={["name", ...fields]} />
          <div className="flex items-center gap-4">
            <Submit busy="Adding…">Add sink</Submit>
            <Link href={`${base}/sinks/new`} className="text-sm text-ink-2 underline underline-offset-2 hover:text-ink">
              Another kind
            </Link>
          </div>
        </Form>
      </Panel>
    </div>
  );
}
