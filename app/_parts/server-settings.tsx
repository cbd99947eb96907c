import Link from "next/link";
import { KIND_WORDS } from "#lib/domain/credential";
import type { ServerDetail } from "#lib/queries/server";
import { Confirm } from "../_ui/confirm.tsx";
import { CheckField, SelectField, TextField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import { Moment } from "../_ui/moment.tsx";
import { Panel, Section } from "../_ui/page-head.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { OptionalWhy } from "../_ui/why-field.tsx";
import { intervalOptions, WEIGHT_OPTIONS } from "./choices.ts";

const STREAKS = [1, 2, 3, 4, 5].map((n) => ({ value: String(n), label: n === 1 ? "1 check" : `${n} checks in a row` }));

export interface ServerActions {
  change: FormAction;
  remove: FormAction;
}

export function Settings({
  server,
  tier,
  actions,
  may,
  base = "",
}: {
  server: Pick<
    ServerDetail,
    "id" | "name" | "intervalS" | "weight" | "fireAfter" | "clearAfter" | "paused" | "credential"
  >;
  tier: string;
  actions: ServerActions;
  may: { setCredential: boolean; remove: boolean };
  base?: "" | "/portal";
}) {
  return (
    <>
      <Section title="Settings">
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Panel>
            <Form action={actions.change} label="Settings">
              <input type="hidden" name="serverId" value={server.id} />
              <TextField name="name" label="Name" required value={server.name} />
              <div className="grid gap-4 sm:grid-cols-2">
                <SelectField
                  name="intervalS"
                  label="Check every"
                  required
                  value={String(server.intervalS)}
                  options={intervalOptions(tier, server.intervalS)}
                />
                <SelectField
                  name="weight"
                  label="Whose is it?"
                  required
                  value={server.weight}
                  options={WEIGHT_OPTIONS}
                />
                <SelectField
                  name="fireAfter"
                  label="Open an incident after"
                  required
                  value={String(server.fireAfter)}
                  options={STREAKS}
                />
                <SelectField
                  name="clearAfter"
                  label="Resolve it after"
                  required
                  value={String(server.clearAfter)}
                  options={STREAKS}
                />
              </div>
              <CheckField
                name="paused"
                checked={server.paused}
                label="Pause"
                help="Nobody looks at it and nobody is told. A silence is the other thing: it goes on looking and tells nobody."
              />
              <FormError fields={["name", "intervalS", "weight", "fireAfter", "clearAfter"]} />
              <div>
                <Submit busy="Saving…">Save settings</Submit>
              </div>
            </Form>
          </Panel>
          <Panel>
            <h3 className="text-sm font-semibold">Credential for checking</h3>
            <p className="mt-1 mb-3 text-sm text-ink-2">
              {server.credential === null ? (
                "None stored. Use one made for this purpose only, with the least rights that can list the tools."
              ) : (
                <>
                  {KIND_WORDS[server.credential.kind]}, stored <Moment at={server.credential.at} />
                  {server.credential.expiresAt !== null && (
                    <>
                      , ends <Moment at={server.credential.expiresAt} />
                    </>
                  )}
                  . It is sealed and never shown again.
                </>
              )}
            </p>
            <Link href={`${base}/servers/${server.id}/credential`} className="text-sm underline">
              {may.setCredential ? "Credential and sign-in" : "Sign-in"}
            </Link>
          </Panel>
        </div>
      </Section>
      {may.remove && (
        <Section title="Remove">
          <div className="flex flex-wrap items-center justify-between gap-3 rounded-lg border bg-panel p-4 text-sm text-ink-2">
            <p className="max-w-prose">
              Checking stops and the stored credential is deleted. Its history and incidents stay readable.
            </p>
            <Confirm
              trigger="Remove this server"
              title={`Remove ${server.name}?`}
              consequence="Checking stops at once, nobody is told of its failures any more, and its credential is deleted. History and incidents stay. To watch it again, register it anew."
              verb="Remove server"
              busy="Removing…"
              action={actions.remove}
              fields={{ serverId: server.id }}
            >
              <OptionalWhy />
            </Confirm>
          </div>
        </Section>
      )}
    </>
  );
}
