import type { Metadata } from "next";
import { CONTROLLERS } from "#lib/domain/erasure";
import { erasures } from "#lib/queries/erasures";
import { day, kindWord, stateWord } from "../../../_parts/erasure-table.tsx";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed } from "../../../_server/session.ts";
import { Moment } from "../../../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { openErasureAction } from "../actions.ts";
import { Identifiers } from "./_parts/identifiers.tsx";

export const metadata: Metadata = { title: "Request for erasure" };

export default async function ErasureRequestPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await allowed("erasure.open", "/portal/requests");
  const id = idOr404((await params).id);
  const request = found((await read(who, (tx) => erasures(tx, { id, take: 1 })))[0] ?? null);
  return (
    <div className="max-w-2xl">
      <PageHead
        title={
          <>
            <span className="mr-2 font-mono text-ink-2">#{request.number}</span>
            Request for erasure
          </>
        }
        lead={kindWord(request.subjectKind)}
      />
      <Section title="Facts">
        <Panel>
          <Facts
            rows={[
              ["State", stateWord(request.state)],
              ["Received", <Moment key="r" at={request.receivedAt} exact />],
              ["Due by", day(request.dueAt)],
              ["Filed by", request.filedBy],
              ["Who answers the person", CONTROLLERS[request.controller as keyof typeof CONTROLLERS]],
            ]}
          />
        </Panel>
      </Section>
      <Section title="Whom it is about">
        <Panel>
          <Identifiers requestId={id} count={request.identifiers} action={openErasureAction} />
        </Panel>
      </Section>
    </div>
  );
}
