import { Check, CircleDashed, MailQuestion } from "lucide-react";
import type { SinkDetail } from "#lib/queries/sinks";
import type { Recipient, SinkProof } from "#lib/queries/sink-proof";
import { CopyId } from "../_ui/copy-id.tsx";
import { TextField } from "../_ui/field.tsx";
import { ActButton, Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Moment } from "../_ui/moment.tsx";
import { Facts, Panel, Section } from "../_ui/page-head.tsx";

const HOW: Record<string, string> = {
  code: "A code that was read there and typed back",
  mail: "Its recipients' own links",
  webhook: "A record of its domain, and its answer",
  echo: "Its answer, at a private address that an operator allowed",
  account: "A sign-in at the vendor",
  before_this_rule: "Set up before proofs were asked for",
};

const STEPS: Record<Exclude<SinkProof["asks"], "account">, string> = {
  code: "Send a code, read it where your people are alerted, and enter it here. It holds for 15 minutes.",
  mail: "Each recipient gets a link of their own and confirms by it. Only who has confirmed is told.",
  webhook:
    'Publish the record, then check: the receiver gets a signed challenge and answers with its code as {"challenge": "…"}.',
};
const ASK: Record<string, string> = { code: "Send a code", mail: "Send the links", webhook: "Check now" };

export interface ProofActions {
  challenge: FormAction;
  prove: FormAction;
  signIn: FormAction;
}

/** Whose the sink is: until somebody has shown it, nothing but the challenge goes there. */
export function SinkProofPart({
  sink,
  proof,
  mayProve,
  actions,
}: {
  sink: SinkDetail;
  proof: SinkProof;
  mayProve: boolean;
  actions: ProofActions;
}) {
  const proven = sink.provenAt !== null;
  const open = proof.recipients.some((r) => !r.confirmed);
  const due = proof.personDueAt !== null && proof.personDueAt === sink.proofDueAt;
  const asksNow = !proven || proof.lapsed || proof.waiting !== null || due || (proof.asks === "mail" && open);
  return (
    <Section title="Whose it is">
      <Panel>
        <div className="flex flex-col gap-4">
          {proven ? (
            <Facts
              rows={[
                ["Shown by", HOW[proof.how ?? ""] ?? proof.how ?? ""],
                proof.account === null ? null : ["Account", proof.account],
                ["Since", <Moment key="since" at={sink.provenAt ?? 0} />],
                ["Holds until", <Until key="until" at={sink.proofDueAt} by={due} />],
              ]}
            />
          ) : (
            <p className="text-sm">
              <strong>{proof.lapsed ? "No longer proven." : "Not proven yet."}</strong> Nothing but the challenge is
              sent here until somebody shows that it is yours.
            </p>
          )}
          {proof.failed !== null && !proven && (
            <p role="status" className="text-sm text-down">
              {proof.failed.sentence} (<Moment at={proof.failed.at} />)
            </p>
          )}
          {proof.recipients.length > 0 && <Recipients rows={proof.recipients} />}
          {mayProve && asksNow && (
            <>
              <p className="text-sm text-ink-2">{STEPS[proof.asks]}</p>
              {proof.asks === "webhook" && <DnsRecord record={proof.record} />}
              {proof.asks === "code" && proof.waiting !== null && (
                <CodeForm sinkId={sink.id} actions={actions} proof={proof} />
              )}
              {proof.asks === "webhook" && proof.waiting !== null && (
                <p role="status" className="text-sm text-ink-2">
                  Waiting for the receiver&apos;s answer and the record; this page follows.
                </p>
              )}
              <div className="flex flex-wrap gap-2">
                {proof.signIn && (
                  <ActButton
                    action={actions.signIn}
                    fields={{ sinkId: sink.id }}
                    look={proven ? "plain" : "primary"}
                    busy="Going there…"
                    label={`Sign in at ${sink.kindName}`}
                  >
                    Sign in at {sink.kindName}
                  </ActButton>
                )}
                <ActButton
                  action={actions.challenge}
                  fields={{ sinkId: sink.id }}
                  look={proof.waiting === null && !proven && !proof.signIn ? "primary" : "plain"}
                  busy="Sending…"
                  label={ASK[proof.asks] ?? "Prove it"}
                >
                  {proof.waiting !== null && proof.asks === "code" ? "Send another code" : ASK[proof.asks]}
                </ActButton>
              </div>
            </>
          )}
        </div>
      </Panel>
    </Section>
  );
}

function Until({ at, by }: { at: number | null; by: boolean }) {
  if (at === null) return null;
  return (
    <>
      <Moment at={at} />
      {by ? ", then it has to be proven again" : ", renewed by itself each week"}
    </>
  );
}

function CodeForm({ sinkId, actions, proof }: { sinkId: string; actions: ProofActions; proof: SinkProof }) {
  const left = proof.waiting?.triesLeft ?? 0;
  return (
    <Form action={actions.prove} label="Enter the code">
      <input type="hidden" name="sinkId" value={sinkId} />
      <TextField
        name="code"
        label={proof.waiting?.rotates ? "Code sent with the new secret" : "Code"}
        help={`Twelve letters and digits. ${left} tries are left.`}
        required
        mono
        autoComplete="one-time-code"
        placeholder="XXXX-XXXX-XXXX"
      />
      <FormError fields={["code"]} />
      <div>
        <Submit busy="Checking…">Prove</Submit>
      </div>
    </Form>
  );
}

function DnsRecord({ record }: { record: SinkProof["record"] }) {
  if (record === null)
    return (
      <p className="text-sm text-ink-2">
        An address has no record in the DNS: its answer alone counts, where it is private.
      </p>
    );
  return (
    <Facts
      rows={[
        ["Record", "TXT"],
        ["Name", <CopyId key="name" value={record.name} what="the record's name" />],
        ["Value", <CopyId key="value" value={record.value} what="the record's value" />],
      ]}
    />
  );
}

function Recipients({ rows }: { rows: Recipient[] }) {
  return (
    <ul className="flex flex-col gap-1 text-sm" aria-label="Recipients">
      {rows.map((r) => (
        <li key={r.address} className="flex items-center gap-2">
          {r.confirmed ? (
            <Check size={14} className="shrink-0 text-up" aria-hidden="true" />
          ) : r.linkUntil === null ? (
            <CircleDashed size={14} className="shrink-0 text-ink-3" aria-hidden="true" />
          ) : (
            <MailQuestion size={14} className="shrink-0 text-ink-2" aria-hidden="true" />
          )}
          <span className="truncate">{r.address}</span>
          <span className="ml-auto text-xs whitespace-nowrap text-ink-2">
            {r.confirmed ? "confirmed" : r.linkUntil === null ? "not asked" : "asked, not confirmed"}
          </span>
        </li>
      ))}
    </ul>
  );
}
