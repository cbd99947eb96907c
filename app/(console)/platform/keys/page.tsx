import type { Metadata } from "next";
import { SECRET_FAULTS, SECRET_KINDS, type SecretKind, secretFaults } from "#lib/domain/secret-inventory";
import { lastSecretReport, secretInventory } from "#lib/queries/secret-inventory";
import { dataKeysUnder, inFirstForm, type KeysUnder, lastRewrapping } from "#lib/queries/secret-keys";
import { tenants } from "#lib/queries/tenants";
import { keyStore } from "../../../_server/key-store.ts";
import { read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { CopyId } from "../../../_ui/copy-id.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { Form, FormError, Submit } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { StatusMark } from "../../../_ui/status-mark.tsx";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";
import { WhyField } from "../../../_ui/why-field.tsx";
import { askRotateSecretsAction } from "./actions.ts";

export const metadata: Metadata = { title: "Keys" };

const KIND: Record<SecretKind, string> = {
  server_credential: "Credentials of servers",
  sink: "Secrets of sinks",
  sink_inbound: "What vendors sign with",
  audit_stream: "Secrets of audit streams",
  heartbeat_target: "Secrets of heartbeats",
  session: "Refresh tokens of sessions",
  erasure_request: "Requests for erasure",
};
const SHOWN = 200;

export default async function KeysPage() {
  const who = await allowed("platform.read");
  if (!who.seat.isPlatform)
    return (
      <>
        <PageHead title="Keys" lead="What stored secrets are kept under." />
        <p className="text-sm text-ink-2">
          Keys belong to the tenant “This installation”: choose it as tenant to see them.
        </p>
      </>
    );
  const store = await keyStore();
  const page = await read(who, async (tx, now) => ({
    now: now.getTime(),
    under: await dataKeysUnder(tx),
    firstForm: await inFirstForm(tx),
    last: await lastRewrapping(tx),
    secrets: await secretInventory(tx),
    report: await lastSecretReport(tx, who.seat.id),
    names: new Map((await tenants(tx)).map((t) => [t.id, t.name])),
  }));
  const faulty = page.secrets.flatMap((secret) => {
    const faults = secretFaults(secret, page.now);
    return faults.length === 0 ? [] : [{ secret, faults }];
  });
  const elsewhere = page.under.some((k) => k.kekId !== store.current) || page.firstForm > 0;
  return (
    <>
      <PageHead
        title="Keys"
        lead="Each tenant's secrets lie under a key of its own, and those keys under one of the key store. No value is ever shown."
      />
      <Section title="Keys of the key store">
        <Under rows={page.under} known={store.known} current={store.current} firstForm={page.firstForm} />
        {page.last !== null && (
          <p className="mt-3 text-sm text-ink-2">
            {page.last.state === "done" && "Last replaced "}
            {(page.last.state === "pending" || page.last.state === "running") && "The worker is replacing it since "}
            {page.last.failure !== null && (
              <span className="text-down">It could not be replaced: {page.last.failure} </span>
            )}
            <Moment at={page.last.at} />
          </p>
        )}
        {can(who, "secret.rotate") && (
          <Panel className="mt-4 max-w-2xl text-sm">
            {elsewhere ? (
              <Form action={askRotateSecretsAction} label="Replace the key" clear>
                <p className="text-ink-2">
                  All data keys go under the current key. Everything can be read meanwhile; the old key may go when
                  nothing lies under it.
                </p>
                <WhyField />
                <FormError fields={["why"]} />
                <div>
                  <Submit busy="Asking…">Ask to replace the key</Submit>
                </div>
              </Form>
            ) : (
              <p className="text-ink-2">
                To replace the key, add one first: <code className="font-mono text-xs">npm run tocsin -- keys add</code>
              </p>
            )}
          </Panel>
        )}
      </Section>
      <Section
        title="Needs a person"
        aside={
          page.report === null ? (
            "reported once a quarter"
          ) : (
            <>
              last reported <Moment at={page.report.madeAt} />
            </>
          )
        }
      >
        {faulty.length === 0 ? (
          <Empty title="No stored secret needs anybody">
            Secrets that are older than 90 days, unused, or for nothing to use stand here.
          </Empty>
        ) : (
          <Table
            label="Stored secrets that need a person"
            head={
              <>
                <Th>What</Th>
                <Th>Tenant</Th>
                <Th>Why</Th>
                <Th wide>May be used by</Th>
                <Th className="text-right">Entered</Th>
                <Th wide className="text-right">
                  Last used
                </Th>
              </>
            }
          >
            {faulty.slice(0, SHOWN).map(({ secret, faults }) => (
              <Tr key={`${secret.kind} ${secret.id}`}>
                <Td className="whitespace-nowrap">
                  {KIND[secret.kind]} <CopyId value={secret.id} what="its id" />
                </Td>
                <Td>{page.names.get(secret.tenantId) ?? "This installation"}</Td>
                <Td className="text-xs">{faults.map((f) => `It ${SECRET_FAULTS[f]}.`).join(" ")}</Td>
                <Td wide className="text-xs text-ink-2">
                  {secret.holders.length === 0 ? "nothing" : secret.holders.join(", ")}
                </Td>
                <Td className="text-right text-ink-2">
                  <Moment at={secret.since} />
                </Td>
                <Td wide className="text-right text-ink-2">
                  {secret.usedAt === null ? "never" : <Moment at={secret.usedAt} />}
                </Td>
              </Tr>
            ))}
          </Table>
        )}
        {faulty.length > SHOWN && (
          <p className="mt-2 text-sm text-ink-2">
            The {SHOWN} oldest of {faulty.length} are shown.
          </p>
        )}
      </Section>
      <Section title="What is stored">
        <Table
          label="Stored secrets by kind"
          head={
            <>
              <Th>Kind</Th>
              <Th className="text-right">Secrets</Th>
              <Th className="text-right">Oldest</Th>
            </>
          }
        >
          {SECRET_KINDS.map((kind) => {
            const of = page.secrets.filter((s) => s.kind === kind);
            const [oldest] = of;
            return (
              <Tr key={kind}>
                <Td className="w-full">{KIND[kind]}</Td>
                <Td className="text-right tabular-nums">{of.length}</Td>
                <Td className="text-right text-ink-2">{oldest ? <Moment at={oldest.since} /> : "none"}</Td>
              </Tr>
            );
          })}
        </Table>
      </Section>
    </>
  );
}

interface UnderProps {
  rows: KeysUnder[];
  known: string[];
  current: string;
  firstForm: number;
}

function Under({ rows, known, current, firstForm }: UnderProps) {
  const ids = [...new Set([...known, ...rows.map((r) => r.kekId)])];
  return (
    <>
      <Table
        label="Keys of the key store"
        head={
          <>
            <Th>State</Th>
            <Th>Key</Th>
            <Th className="text-right">Data keys</Th>
            <Th className="text-right">Of these retired</Th>
          </>
        }
      >
        {ids.map((id) => {
          const row = rows.find((r) => r.kekId === id);
          return (
            <Tr key={id}>
              <Td className="whitespace-nowrap">
                {id === current ? (
                  <StatusMark status="up" word="Current" />
                ) : !known.includes(id) ? (
                  <StatusMark status="down" word="Not there" />
                ) : row === undefined ? (
                  <StatusMark status="unknown" word="May go" />
                ) : (
                  <StatusMark status="degraded" word="Still opens" />
                )}
              </Td>
              <Td className="w-full font-mono text-xs">{id}</Td>
              <Td className="text-right tabular-nums">{row?.dataKeys ?? 0}</Td>
              <Td className="text-right tabular-nums">{row?.retired ?? 0}</Td>
            </Tr>
          );
        })}
      </Table>
      {firstForm > 0 && (
        <p className="mt-2 text-sm text-ink-2">
          {firstForm} values are still in the first form, which the key file itself opens: the worker seals them anew
          within the hour.
        </p>
      )}
    </>
  );
}
