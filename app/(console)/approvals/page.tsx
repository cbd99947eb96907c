import type { Metadata } from "next";
import { type ApprovalView, approvals } from "#lib/queries/approvals";
import { lastRotation, signingNow } from "#lib/queries/audit-key";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { Confirm } from "../../_ui/confirm.tsx";
import { CopyId } from "../../_ui/copy-id.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { ActButton, Form, FormError, Submit } from "../../_ui/form.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { WhyField } from "../../_ui/why-field.tsx";
import { ApprovalCard } from "./_parts/approval-card.tsx";
import { askRotateKeyAction, decideAction, withdrawAction } from "./actions.ts";

export const metadata: Metadata = { title: "Approvals" };

export default async function ApprovalsPage() {
  const who = await allowed("approval.read");
  const rotates = who.seat.isPlatform && can(who, "key.rotate");
  const page = await read(who, async (tx, now) => ({
    ...(await approvals(tx, { personId: who.personId, layers: who.seat.layers }, now)),
    key: rotates ? await signingNow(tx) : null,
    rotation: rotates ? await lastRotation(tx) : null,
  }));
  return (
    <>
      <PageHead
        title="Approvals"
        lead="What cannot be taken back takes two people: one asks, another one decides within a day. It is done the moment it is approved, once."
      />
      <Section title="Waiting for you">
        {page.forMe.length === 0 ? (
          <Empty title="Nothing waits for you">What others ask for and you may decide stands here first.</Empty>
        ) : (
          <Cards rows={page.forMe} by="decide" />
        )}
      </Section>
      {page.mine.length > 0 && (
        <Section title="Asked by you">
          <Cards rows={page.mine} by="withdraw" />
        </Section>
      )}
      {page.others.length > 0 && (
        <Section title="Waiting for others">
          <Cards rows={page.others} />
        </Section>
      )}
      {rotates && (
        <Section title="Key of the audit log">
          <Panel className="max-w-2xl text-sm">
            <p className="mb-3 text-ink-2">
              {page.key === null ? (
                "No checkpoint has been signed yet."
              ) : (
                <>
                  Checkpoints are signed by the key <CopyId value={page.key} what="the id of the key" />.
                </>
              )}
              {page.rotation !== null && <Rotated {...page.rotation} />}
            </p>
            <Form action={askRotateKeyAction} label="Replace the key" clear>
              <WhyField />
              <FormError fields={["why"]} />
              <div>
                <Submit busy="Asking…">Ask to replace the key</Submit>
              </div>
            </Form>
          </Panel>
        </Section>
      )}
      {page.decided.length > 0 && (
        <Section title="Decided" aside="the last 50">
          <Cards rows={page.decided} />
        </Section>
      )}
    </>
  );
}

function Rotated({ state, at, keys, failure }: NonNullable<Awaited<ReturnType<typeof lastRotation>>>) {
  return (
    <span className="mt-1 block">
      {state === "done" && keys !== null && (
        <>
          Replaced <Moment at={at} />: <code className="font-mono text-xs">{keys.from}</code> by{" "}
          <code className="font-mono text-xs">{keys.to}</code>.
        </>
      )}
      {(state === "pending" || state === "running") && "The worker is replacing it now."}
      {failure !== null && (
        <span className="text-down">
          It could not be replaced <Moment at={at} />: {failure}
        </span>
      )}
    </span>
  );
}

function Cards({ rows, by }: { rows: ApprovalView[]; by?: "decide" | "withdraw" }) {
  return (
    <ul className="flex flex-col gap-3">
      {rows.map((row) => (
        <ApprovalCard key={row.id} row={row}>
          {by === "decide" && (
            <div className="mt-3 flex flex-wrap gap-2">
              <Confirm
                trigger="Approve"
                triggerLook="primary"
                small
                title={`Approve: ${row.sentence}?`}
                consequence="It is done at once, in the name of who asked, with yours beside it in the log."
                verb="Approve and do it"
                busy="Doing it…"
                action={decideAction}
                fields={{ approvalId: row.id, verdict: "approve" }}
              >
                <WhyField />
              </Confirm>
              <Confirm
                trigger="Refuse"
                triggerLook="plain"
                small
                title={`Refuse: ${row.sentence}?`}
                consequence="Nothing is changed. Whoever asked sees your reason and may ask again."
                verb="Refuse"
                busy="Refusing…"
                action={decideAction}
                fields={{ approvalId: row.id, verdict: "refuse" }}
              >
                <WhyField />
              </Confirm>
            </div>
          )}
          {by === "withdraw" && (
            <div className="mt-3">
              <ActButton
                action={withdrawAction}
                fields={{ approvalId: row.id }}
                busy="Withdrawing…"
                small
                label={`Withdraw: ${row.sentence}`}
              >
                Withdraw
              </ActButton>
            </div>
          )}
        </ApprovalCard>
      ))}
    </ul>
  );
}
