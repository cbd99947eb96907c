import type { SinkDetail } from "#lib/queries/sinks";
import type { SinkProof } from "#lib/queries/sink-proof";
import { SECRET_DUE_MS } from "#lib/domain/proof";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Moment } from "../_ui/moment.tsx";
import { Panel, Section } from "../_ui/page-head.tsx";
import { SinkFields } from "../_ui/sink-form.tsx";

/** How old the secret is, and another in its place without a gap. */
export function SinkSecret({
  sink,
  proof,
  mayReplace,
  action,
  now,
}: {
  sink: SinkDetail;
  proof: SinkProof;
  mayReplace: boolean;
  action: FormAction;
  now: number;
}) {
  const fields = sink.fields.filter((f) => f.input === "secret");
  if (fields.length === 0 || proof.secretAt === null) return null;
  const overdue = now - proof.secretAt >= SECRET_DUE_MS;
  return (
    <Section title="Secret">
      <Panel>
        <div className="flex flex-col gap-4">
          <p className="text-sm">
            Entered <Moment at={proof.secretAt} />.{" "}
            {overdue ? (
              <strong className="text-degraded">Overdue: replace it every 90 days.</strong>
            ) : (
              "To be replaced every 90 days."
            )}
            {proof.formerUntil !== null && proof.formerUntil > now && (
              <>
                {" "}
                The former one signs as well until <Moment at={proof.formerUntil} />.
              </>
            )}
          </p>
          {mayReplace && sink.provenAt !== null && sink.enabled && (
            <Form action={action} label="Replace the secret" clear>
              <input type="hidden" name="sinkId" value={sink.id} />
              <SinkFields fields={fields.map((f) => ({ ...f, required: fields.length === 1 }))} />
              <FormError fields={fields.map((f) => `config.${f.name}`)} />
              <p className="text-xs text-ink-2">
                {proof.asks === "webhook"
                  ? "The new one signs at once, and the former one beside it for a day."
                  : "A code is sent with the new one. The one in use stays until you enter that code."}
              </p>
              <div>
                <Submit busy="Replacing…">Replace secret</Submit>
              </div>
            </Form>
          )}
        </div>
      </Panel>
    </Section>
  );
}
