import { INBOUND_KINDS, inboundKind, inboundPath } from "#lib/domain/sink-inbound";
import { inboundState } from "#lib/queries/sink-inbound";
import { addressOf, ownSlackSecrets } from "../_server/act-ref.ts";
import { read } from "../_server/read.ts";
import { can, type Seated } from "../_server/session.ts";
import { Confirm } from "../_ui/confirm.tsx";
import { CopyId } from "../_ui/copy-id.tsx";
import { TextField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Moment } from "../_ui/moment.tsx";
import { Facts, Panel, Section } from "../_ui/page-head.tsx";
import { ShownOnce } from "../_ui/shown-once.tsx";

const HOW = {
  slack: "Slack app → Interactivity: this address. Then choose “Act in Slack” for the buttons above.",
  pagerduty: "PagerDuty → Integrations → Generic Webhooks (v3): this address, for incidents of the service.",
  opsgenie: "Outgoing webhook integration: this address, with the token in a header named X-Tocsin-Token.",
} as const;

/** What comes back from the vendor of this sink; nothing for a kind from which nothing comes. */
export async function SinkInbound({
  who,
  sink,
  actions,
}: {
  who: Seated;
  sink: { id: string; kind: string };
  actions: { set: FormAction; end: FormAction };
}) {
  const kind = inboundKind(sink.kind);
  if (kind === null) return null;
  const { since, formerUntil, calls } = await read(who, (tx, now) => inboundState(tx, sink.id, now));
  const { vendor, made } = INBOUND_KINDS[kind];
  const address = addressOf(inboundPath(kind, who.seat.id, sink.id));
  const installations = kind === "slack" && ownSlackSecrets().length > 0;
  const none = installations ? "the installation's own" : "none";
  const word = made ? "token" : "signing secret";
  return (
    <Section title={`Acting from ${vendor}`}>
      <Panel className="flex flex-col gap-4">
        <p className="text-sm text-ink-2">
          {since === null && !installations
            ? `What somebody acknowledges or resolves in ${vendor} is not known here yet: without a ${word} nothing that comes is believed.`
            : `What somebody acknowledges or resolves in ${vendor} is acknowledged or resolved here.`}
        </p>
        <Facts
          rows={[
            ["Address", <CopyId key="a" value={address} what="the address" />],
            ["Where to enter it", HOW[kind]],
            [`Present ${word}`, since === null ? none : <Moment key="s" at={since} />],
            ...(formerUntil === null
              ? []
              : ([["The former one holds until", <Moment key="f" at={formerUntil} />]] as const)),
          ]}
        />
        {can(who, "sink.secret") && (
          <Form action={actions.set} label={`Acting from ${vendor}`} clear>
            <input type="hidden" name="sinkId" value={sink.id} />
            {!made && (
              <TextField
                name="secret"
                label={`Signing secret of ${vendor}`}
                required
                help="As the vendor shows it; kept sealed."
              />
            )}
            <FormError fields={["secret"]} />
            <ShownOnce what="the token">The token, shown this once: enter it at the vendor.</ShownOnce>
            <div>
              <Submit busy="Saving…">{made ? (since === null ? "Make a token" : "Make another token") : "Save"}</Submit>
            </div>
          </Form>
        )}
        {can(who, "sink.secret") && since !== null && (
          <div className="flex flex-wrap gap-2">
            {formerUntil !== null && (
              <Confirm
                trigger="End the former one now"
                triggerLook="plain"
                title={`End the former ${word}?`}
                consequence={`What ${vendor} still sends with it is refused from now on.`}
                verb="End it"
                busy="Ending…"
                action={actions.end}
                fields={{ sinkId: sink.id, which: "former" }}
              />
            )}
            <Confirm
              trigger="Believe nothing any more"
              title={`Take every ${word} away?`}
              consequence={`Whatever comes from ${vendor} about this sink is refused from now on. Notices still go there.`}
              verb="Take away"
              busy="Taking away…"
              action={actions.end}
              fields={{ sinkId: sink.id, which: "all" }}
            />
          </div>
        )}
        {calls.length > 0 && (
          <ul className="flex flex-col gap-1 text-xs text-ink-2" aria-label="What came last">
            {calls.map((call) => (
              <li key={call.id} className="flex gap-3">
                <Moment at={call.at} />
                <span className="min-w-0 break-words">
                  {call.reason === "" ? "Nothing follows from it." : call.reason}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </Section>
  );
}
