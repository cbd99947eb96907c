import type { DeliveryRow } from "#lib/queries/deliveries";
import type { SinkProof } from "#lib/queries/sink-proof";
import type { SinkDetail } from "#lib/queries/sinks";
import { Confirm } from "../_ui/confirm.tsx";
import { Empty } from "../_ui/empty.tsx";
import { SelectField, TextField } from "../_ui/field.tsx";
import { ActButton, Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Moment } from "../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../_ui/page-head.tsx";
import { Pager } from "../_ui/pager.tsx";
import { SinkFields } from "../_ui/sink-form.tsx";
import { OptionalWhy } from "../_ui/why-field.tsx";
import { DeliveryList } from "./delivery-list.tsx";
import { type ProofActions, SinkProofPart } from "./sink-proof.tsx";
import { SinkSecret } from "./sink-secret.tsx";
import { SinkState } from "./sink-state.tsx";

const DEDUP: Record<string, string> = {
  vendor: "the vendor recognises it: no second page",
  receiver: "the receiver can recognise it by its id",
  none: "may appear once more, marked as sent again",
};

const TAKES_OVER = [
  { value: "", label: "Not a fallback" },
  { value: "1", label: "After 1 minute" },
  { value: "2", label: "After 2 minutes" },
  { value: "5", label: "After 5 minutes" },
  { value: "10", label: "After 10 minutes" },
];

/** Deliveries on one page. */
export const PER_PAGE = 50;

export interface SinkViewProps {
  sink: SinkDetail;
  sent: DeliveryRow[];
  total: number;
  page: number;
  mayChange: boolean;
  proof: SinkProof;
  mayProve: boolean;
  mayReplace: boolean;
  /** Epoch ms. */
  now: number;
  /** Sends a dead delivery again; absent for whoever may not. */
  again?: FormAction | undefined;
  /** Sends all that is dead here again; absent for whoever may not. */
  againAll?: FormAction | undefined;
  actions: Record<"change" | "test" | "enable" | "disable" | "remove" | "fallback" | "rotate", FormAction> &
    ProofActions;
  base?: "" | "/portal";
}

export function SinkView(props: SinkViewProps) {
  const { sink, sent, total, page, mayChange, again, againAll, actions, base = "", proof } = props;
  const yes = (is: boolean, words: string) => (is ? words : `no ${words}`);
  return (
    <>
      <PageHead title={sink.name} lead={`${sink.kindName}${sink.tells === "" ? "" : `: ${sink.tells}`}`}>
        {mayChange && sink.enabled && sink.provenAt !== null && (
          <ActButton
            action={actions.test}
            fields={{ sinkId: sink.id }}
            look="primary"
            busy="Queueing…"
            label="Send a test"
          >
            Send a test
          </ActButton>
        )}
        {mayChange && !sink.enabled && !proof.lapsed && (
          <ActButton
            action={actions.enable}
            fields={{ sinkId: sink.id }}
            look="primary"
            busy="Enabling…"
            label="Enable"
          >
            Enable
          </ActButton>
        )}
      </PageHead>
      {!sink.enabled && (
        <p className="mb-6 rounded-lg border border-down bg-down-wash px-4 py-3 text-sm">
          <strong>Disabled.</strong> {sink.disabledReason ?? ""} Nothing is delivered here; what was due is kept as dead
          and can be sent again.
        </p>
      )}
      {sink.trouble !== null && <Trouble trouble={sink.trouble} waiting={sink.waiting} />}
      {sink.dead > 0 && sink.enabled && againAll !== undefined && (
        <div className="mb-6 flex flex-wrap items-center gap-3 rounded-lg border px-4 py-3 text-sm">
          <span>
            <strong>{sink.dead} dead.</strong> They are kept, and what nobody needs to be told any more is not sent.
          </span>
          <ActButton action={againAll} fields={{ sinkId: sink.id }} busy="Queueing…" small label="Send all again">
            Send all again
          </ActButton>
        </div>
      )}
      {sink.provenAt === null && (
        <SinkProofPart sink={sink} proof={proof} mayProve={props.mayProve} actions={actions} />
      )}
      <Section title="Deliveries" aside={total === 0 ? undefined : `${total}, newest first`}>
        {sent.length === 0 ? (
          <Empty title="Nothing was sent here yet">
            {mayChange && sink.provenAt !== null
              ? "Send a test: it goes the same road as a real notice."
              : "The first notice appears here with its tries."}
          </Empty>
        ) : (
          <DeliveryList rows={sent} again={again} bySink base={base} />
        )}
        <Pager page={page} per={PER_PAGE} total={total} path={`${base}/sinks/${sink.id}`} keep={{}} />
      </Section>
      <div className="grid grid-cols-1 items-start gap-x-6 lg:grid-cols-[3fr_2fr]">
        {mayChange && (
          <Section title="Settings">
            <Panel>
              <Form action={actions.change} label="Settings">
                <input type="hidden" name="sinkId" value={sink.id} />
                <TextField name="name" label="Name" required value={sink.name} />
                <SinkFields fields={sink.fields} values={sink.values} sealed={sink.hasSecret} />
                <FormError fields={["name", ...sink.fields.map((f) => `config.${f.name}`)]} />
                <div>
                  <Submit busy="Saving…">Save</Submit>
                </div>
              </Form>
            </Panel>
          </Section>
        )}
        <div className="min-w-0">
          {sink.provenAt !== null && (
            <SinkProofPart sink={sink} proof={proof} mayProve={props.mayProve} actions={actions} />
          )}
          <SinkSecret sink={sink} proof={proof} mayReplace={props.mayReplace} action={actions.rotate} now={props.now} />
          <Section title="What it can do">
            <Panel>
              <Facts
                rows={[
                  [
                    "State",
                    <SinkState
                      key="s"
                      enabled={sink.enabled}
                      proven={sink.provenAt !== null}
                      dead={sink.dead}
                      trouble={sink.trouble}
                    />,
                  ],
                  [
                    "Fallback",
                    sink.fallbackAfterS === null
                      ? "no"
                      : `told of a P1 that another sink has not taken for ${sink.fallbackAfterS / 60} min`,
                  ],
                  ...(sink.capabilities === null
                    ? []
                    : ([
                        ["Wakes people", sink.wakes ? "yes, phone-grade" : "no, posts where they may look"],
                        ["Acknowledge", yes(sink.capabilities.acknowledge, "sign there that somebody acknowledged")],
                        ["Resolve", yes(sink.capabilities.resolve, "sign there that it is over")],
                        ["Changes", sink.capabilities.editInPlace ? "edits what it said" : "says it anew"],
                        ["A lost answer", DEDUP[sink.capabilities.dedup] ?? ""],
                      ] as const)),
                ]}
              />
            </Panel>
          </Section>
          {mayChange && (
            <Section title="When another sink fails">
              <Panel>
                <Form action={actions.fallback} label="When another sink fails">
                  <input type="hidden" name="sinkId" value={sink.id} />
                  <SelectField
                    name="afterMinutes"
                    label="Takes over"
                    required={false}
                    help="It is told of a P1 that another sink has not taken for so long, once per incident. Without any such sink one that wakes people takes over after 2 minutes."
                    value={sink.fallbackAfterS === null ? "" : String(sink.fallbackAfterS / 60)}
                    options={TAKES_OVER}
                  />
                  <FormError fields={["afterMinutes"]} />
                  <div>
                    <Submit busy="Saving…">Save</Submit>
                  </div>
                </Form>
              </Panel>
            </Section>
          )}
          {mayChange && (
            <Section title="Take it out of use">
              <div className="flex flex-wrap gap-2">
                {sink.enabled && (
                  <Confirm
                    trigger="Disable"
                    triggerLook="plain"
                    title={`Disable ${sink.name}?`}
                    consequence="Nothing is delivered here until it is enabled again. Notices that fall due meanwhile are kept as dead and can be sent again by hand."
                    verb="Disable sink"
                    busy="Disabling…"
                    action={actions.disable}
                    fields={{ sinkId: sink.id }}
                  >
                    <OptionalWhy />
                  </Confirm>
                )}
                <Confirm
                  trigger="Remove"
                  title={`Remove ${sink.name}?`}
                  consequence="Nothing is delivered here any more, and its stored secret is deleted. Open incidents told here are not resolved here: close them at the vendor. Past deliveries stay readable."
                  verb="Remove sink"
                  busy="Removing…"
                  action={actions.remove}
                  fields={{ sinkId: sink.id }}
                >
                  <OptionalWhy />
                </Confirm>
              </div>
            </Section>
          )}
        </div>
      </div>
    </>
  );
}

function Trouble({ trouble, waiting }: { trouble: NonNullable<SinkDetail["trouble"]>; waiting: number }) {
  const failing = trouble.kind === "failing";
  return (
    <p className="mb-6 rounded-lg border border-degraded bg-degraded-wash px-4 py-3 text-sm">
      <strong>{failing ? `Failed ${trouble.failures} times in a row.` : "Its vendor asked for a pause."}</strong> Left
      alone since <Moment at={trouble.since} />, {failing ? "one try" : "tried again"} <Moment at={trouble.nextTryAt} />
      {waiting > 0 ? `; ${waiting === 1 ? "1 notice waits" : `${waiting} notices wait`}, and nothing is lost.` : "."}
    </p>
  );
}
