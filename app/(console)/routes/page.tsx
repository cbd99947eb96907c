import type { Metadata } from "next";
import { policyNow } from "#lib/queries/policy";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead } from "../../_ui/page-head.tsx";
import { PolicyEditor } from "./_parts/policy-editor.tsx";
import { Preview } from "./_parts/preview.tsx";

export const metadata: Metadata = { title: "Routes" };

export default async function RoutesPage() {
  const who = await allowed("policy.read");
  const policy = await read(who, policyNow);
  return (
    <>
      <PageHead
        title="Routes"
        lead={
          <>
            Who is told what and when, until somebody acknowledges.{" "}
            {policy.updatedAt === null ? (
              "Nobody has set this yet: it is drawn from the sinks and follows them."
            ) : (
              <>
                Set <Moment at={policy.updatedAt} />.
              </>
            )}{" "}
            Open incidents keep the policy they opened with.
          </>
        }
      />
      {policy.sinks.length === 0 ? (
        <Empty
          title="There is nobody to route to"
          {...(can(who, "sink.change")
            ? {
                action: (
                  <ButtonLink href="/sinks/new" look="primary">
                    Add a sink
                  </ButtonLink>
                ),
              }
            : {})}
        >
          Routes decide among sinks, and this tenant has none yet.
        </Empty>
      ) : can(who, "policy.change") ? (
        <PolicyEditor key={policy.updatedAt ?? 0} steps={policy.steps} sinks={policy.sinks} />
      ) : (
        <Preview steps={policy.steps} sinks={policy.sinks} />
      )}
    </>
  );
}
