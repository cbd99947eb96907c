import Link from "next/link";
import type { ReactNode } from "react";
import { KIND_WORDS } from "#lib/domain/credential";
import type { CredentialWalk } from "#lib/domain/outcome";
import type { CredentialPage } from "#lib/queries/credential";
import { Confirm } from "../_ui/confirm.tsx";
import { CopyId } from "../_ui/copy-id.tsx";
import { Empty } from "../_ui/empty.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { Moment } from "../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../_ui/page-head.tsx";
import { StepMark } from "../_ui/step-mark.tsx";
import { Table, Td, Th, Tr } from "../_ui/table.tsx";
import { CredentialForm } from "./credential-form.tsx";

const STEP_WORDS: Record<CredentialWalk["steps"][number]["step"], string> = {
  dns: "Look up the name",
  tls: "Start TLS",
  challenge: "Refused without a credential",
  discovery: "Says where to sign in",
  handshake: "Handshake with the credential",
  tools: "Tool list",
  call: "Read-only test call",
  compare: "Same tools as accepted",
};
const RESULT: Record<CredentialWalk["result"], string> = {
  healthy: "Healthy: every step that could be taken went well.",
  auth_walled: "Walled: the wall stands as it should, and what lies behind it could not be seen.",
  broken: "Broken",
};
const AUTH: Record<string, string> = {
  open: "Open: it asks nobody for a credential",
  protected: "Protected: it asks for a credential",
  unknown: "Not known yet",
};

type Shown = Omit<CredentialPage, "server"> & {
  server: Pick<CredentialPage["server"], "id" | "name" | "url" | "shownUrl">;
};

export function CredentialView({
  page,
  may,
  actions,
  base = "",
}: {
  page: Shown;
  may: boolean;
  actions: { set: FormAction; remove: FormAction };
  base?: "" | "/portal";
}) {
  const { server, stored, walls, regions } = page;
  const issuer = walls.flatMap((w) => w.findings?.servers ?? []).find((s) => s.problem === "")?.issuer ?? "";
  return (
    <>
      <PageHead
        title={`Sign-in to ${server.name}`}
        lead={<CopyId value={server.url} shown={server.shownUrl} what="address" />}
      >
        <Link href={`${base}/servers/${server.id}`} className="text-sm underline">
          Back to the server
        </Link>
      </PageHead>
      <Section title="What is stored" aside={AUTH[page.auth] ?? page.auth}>
        {stored.length === 0 ? (
          <Empty title="No credential is stored">
            Use one made for this purpose only, with the least rights that can list the tools: then nothing else breaks
            when it is taken back, and whoever reads it here can do nothing else with it.
          </Empty>
        ) : (
          <Table
            label="Stored credentials"
            head={
              <>
                <Th>From</Th>
                <Th>Kind</Th>
                <Th wide>What is known of it</Th>
                <Th>Stored</Th>
                <Th>Ends</Th>
                {may && <Th />}
              </>
            }
          >
            {stored.map((c) => (
              <Tr key={c.region}>
                <Td>{c.city}</Td>
                <Td>{KIND_WORDS[c.kind]}</Td>
                <Td wide className="max-w-96 break-words text-ink-2">
                  {describe(c)}
                </Td>
                <Td>
                  <Moment at={c.at} />
                </Td>
                <Td>
                  {c.expiresAt === null ? <span className="text-ink-2">not known</span> : <Moment at={c.expiresAt} />}
                </Td>
                {may && (
                  <Td className="text-right">
                    <Confirm
                      trigger="Delete"
                      small
                      title={`Delete the credential of ${server.name} for ${c.city}?`}
                      consequence="The next check goes without it: a server that asks for one is then shown as up and protected, and its tools are no longer checked."
                      verb="Delete credential"
                      busy="Deleting…"
                      action={actions.remove}
                      fields={{ serverId: server.id, region: c.region }}
                    />
                  </Td>
                )}
              </Tr>
            ))}
          </Table>
        )}
      </Section>
      {may && (
        <Section title={stored.length === 0 ? "Store a credential" : "Store or replace a credential"}>
          <Panel className="max-w-2xl">
            <CredentialForm serverId={server.id} regions={regions} issuer={issuer} action={actions.set} />
          </Panel>
        </Section>
      )}
      {!may && (
        <p className="mb-7 text-sm text-ink-2">Only the tenant's own people and its operators set or delete it.</p>
      )}
      {walls.length === 0 ? (
        <Section title="The walk">
          <Empty title="Not looked at yet">
            A server that asks for a credential, or has one stored, is walked through step by step with the next checks.
          </Empty>
        </Section>
      ) : (
        walls.map((wall) => <Wall key={wall.region} wall={wall} />)
      )}
    </>
  );
}

function Wall({ wall }: { wall: CredentialPage["walls"][number] }) {
  const { walk, findings, token } = wall;
  return (
    <Section title={`From ${wall.city}`} aside={<Moment at={wall.at} />}>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel>
          {walk === null ? (
            <p className="text-sm text-ink-2">Not walked with this credential yet.</p>
          ) : (
            <>
              <p className="mb-3 text-sm font-medium">
                {walk.failedStep !== null && walk.result === "broken"
                  ? `Broken at "${STEP_WORDS[walk.failedStep]}".`
                  : RESULT[walk.result]}
                {walk.failedStep !== null &&
                  walk.result === "auth_walled" &&
                  ` First failing: "${STEP_WORDS[walk.failedStep]}".`}
              </p>
              <ol className="flex flex-col gap-1.5 text-sm">
                {walk.steps.map((s) => (
                  <li key={s.step} className="flex gap-2">
                    <StepMark went={s.state === "passed" ? "well" : s.state === "failed" ? "wrong" : "refused"} />
                    <span className="min-w-0">
                      <span className="font-medium">{STEP_WORDS[s.step]}</span>
                      {s.state === "skipped" && <span className="text-ink-2"> (skipped)</span>}
                      <span className="block break-words text-ink-2">{s.detail}</span>
                    </span>
                  </li>
                ))}
              </ol>
            </>
          )}
        </Panel>
        <Panel>
          <Facts
            rows={[
              token === null
                ? null
                : [
                    "Token",
                    token.problem !== "" ? (
                      <span key="t">
                        {token.problem} <Moment at={token.at} />
                      </span>
                    ) : (
                      <span key="t">
                        given <Moment at={token.at} />
                        {token.expiresAt !== null && (
                          <>
                            , ends <Moment at={token.expiresAt} />
                          </>
                        )}
                      </span>
                    ),
                  ],
              ["Published", findings === null ? "not looked for yet" : PUBLISHED[findings.cause]],
              findings?.problem ? ["What is wrong", findings.problem] : null,
              findings?.resource ? ["Resource", <code key="r">{findings.resource.resource}</code>] : null,
              findings?.resource && findings.resource.scopes.length > 0
                ? ["Scopes", findings.resource.scopes.join(" ")]
                : null,
              ...(findings?.servers ?? []).map((s): readonly [string, ReactNode] => [
                "Signs in at",
                <span key={s.issuer}>
                  <code className="break-all">{s.issuer}</code>
                  <span className="block text-ink-2">{s.problem === "" ? abilities(s) : s.problem}</span>
                </span>,
              ]),
              findings === null ? null : ["Read", <Moment key="m" at={findings.at} />],
            ]}
          />
        </Panel>
      </div>
    </Section>
  );
}

const PUBLISHED: Record<NonNullable<CredentialPage["walls"][number]["findings"]>["cause"], string> = {
  with_prm: "where to sign in, as RFC 9728 has it",
  without_prm: "nothing about signing in",
  prm_invalid: "where to sign in, but it cannot be used",
  as_unreachable: "where to sign in, but nobody usable is there",
};

type Server = NonNullable<CredentialPage["walls"][number]["findings"]>["servers"][number];

function abilities(s: Server): string {
  const can = [
    s.clientCredentials && "client credentials",
    s.s256 && "PKCE with S256",
    s.cimd && "client id metadata documents",
    s.dcr && "dynamic registration",
  ].filter(Boolean);
  return can.length === 0 ? "Says nothing of what clients may do." : `Takes ${can.join(", ")}.`;
}

function describe({ kind, headerName, settings }: CredentialPage["stored"][number]): string {
  if (kind === "oauth")
    return [
      `client ${settings.clientId ?? ""}`,
      settings.issuer ? `at ${settings.issuer}` : `at ${settings.tokenEndpoint ?? ""}`,
      settings.scope && `scope ${settings.scope}`,
    ]
      .filter(Boolean)
      .join(", ");
  if (kind === "mtls") return `${settings.subject ?? ""}, issued by ${settings.certificateIssuer ?? ""}`;
  return `sent as ${headerName}`;
}
