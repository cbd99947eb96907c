import Link from "next/link";
import { DEFAULT_CALLS_PER_DAY } from "#lib/domain/extra-check/form";
import { CHECK_KINDS } from "#lib/domain/extra-check/index";
import { EXTRA_KINDS } from "#lib/domain/outcome";
import type { ShownCheck } from "#lib/queries/extra-checks";
import { Empty } from "../../_ui/empty.tsx";
import type { FormAction } from "../../_ui/form-state.ts";
import { PageHead, Panel, Section } from "../../_ui/page-head.tsx";
import { AllowedTools } from "./allowed-tools.tsx";
import { CheckCard } from "./check-card.tsx";
import { CheckForm } from "./check-form.tsx";

export interface CheckActions {
  add: FormAction;
  change: FormAction;
  remove: FormAction;
  tryIt: FormAction;
  allow: FormAction;
  disallow: FormAction;
}

export function ChecksView({
  page: { server, checks, allowed },
  actions,
  may,
  base = "",
}: {
  page: {
    server: { id: string; name: string };
    checks: ShownCheck[];
    allowed: { tool: string; reason: string; at: number }[];
  };
  actions: CheckActions;
  may: { change: boolean; allowTool: boolean };
  base?: "" | "/portal";
}) {
  return (
    <>
      <PageHead
        title={`Checks of ${server.name}`}
        lead={
          <>
            What is looked at beside handshake and tool list. A failing one makes the server degraded.{" "}
            <Link href={`${base}/servers/${server.id}`} className="underline">
              Back to the server
            </Link>
          </>
        }
      />
      <Section title="Checks">
        {checks.length === 0 ? (
          <Empty title="Nothing else is looked at">
            A server may list its tools and fail at each call: agree on one call and its answer, name its health
            address, or have a session held over time.
          </Empty>
        ) : (
          <div className="grid items-start gap-4 lg:grid-cols-2">
            {checks.map((check) => (
              <CheckCard key={check.id} check={check} actions={actions} mayChange={may.change} />
            ))}
          </div>
        )}
      </Section>
      {may.change && (
        <Section title="Add a check">
          <div className="grid items-start gap-4 lg:grid-cols-3">
            {EXTRA_KINDS.map((kind) => (
              <Panel key={kind}>
                <details>
                  <summary className="cursor-pointer text-sm font-semibold">{CHECK_KINDS[kind].name}</summary>
                  <p className="mt-1 mb-3 text-sm text-ink-2">{CHECK_KINDS[kind].summary}</p>
                  <CheckForm
                    action={actions.add}
                    ids={{ serverId: server.id }}
                    kind={kind}
                    fields={CHECK_KINDS[kind].fields}
                    values={{}}
                    start={{
                      ...{ name: CHECK_KINDS[kind].name, everyS: 60 },
                      ...{ callsPerDay: DEFAULT_CALLS_PER_DAY, paused: false },
                    }}
                    label={`Add: ${CHECK_KINDS[kind].name}`}
                    clear
                  />
                </details>
              </Panel>
            ))}
          </div>
        </Section>
      )}
      <AllowedTools serverId={server.id} allowed={allowed} actions={actions} may={may} />
    </>
  );
}
