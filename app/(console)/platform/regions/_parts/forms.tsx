import type { RegionRow } from "#lib/queries/regions";
import { Confirm } from "../../../../_ui/confirm.tsx";
import { CheckField, SelectField, TextField } from "../../../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../../../_ui/form.tsx";
import { Moment } from "../../../../_ui/moment.tsx";
import { Panel } from "../../../../_ui/page-head.tsx";
import { ShownOnce } from "../../../../_ui/shown-once.tsx";
import { WhyField } from "../../../../_ui/why-field.tsx";
import { addRegionAction, changeRegionAction, makeRegionTokenAction, revokeRegionTokenAction } from "../actions.ts";

export function AddRegion() {
  return (
    <Panel className="max-w-2xl">
      <Form action={addRegionAction} label="Add a region" clear>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            name="name"
            label="Code"
            required
            mono
            placeholder="fra"
            help="Stays for good: history is kept by it."
          />
          <TextField name="city" label="City" placeholder="Frankfurt" help="Of a known code it is filled in." />
          <SelectField
            name="kind"
            label="Who looks there"
            value="agent"
            options={[
              { value: "agent", label: "An agent that dials out" },
              { value: "in_cluster", label: "A process of this installation" },
            ]}
          />
        </div>
        <WhyField />
        <FormError fields={["name", "city", "kind", "why"]} />
        <div>
          <Submit busy="Adding…">Add the region</Submit>
        </div>
      </Form>
    </Panel>
  );
}

export function ChangeRegion({ row }: { row: RegionRow }) {
  return (
    <details className="mt-3 max-w-2xl rounded-lg border bg-panel px-4 py-2">
      <summary className="cursor-pointer text-sm font-medium">
        Change {row.city}
        {row.kind === "agent" && " and its tokens"}
      </summary>
      <div className="py-3">
        <Form action={changeRegionAction} label={`Change ${row.name}`}>
          <input type="hidden" name="name" value={row.name} />
          <TextField name="city" label="City" value={row.city} required />
          <CheckField
            name="enabled"
            label="In use"
            checked={row.enabled}
            help="Switched off, it is asked nothing more and no server is expected to be seen from there."
          />
          <WhyField />
          <FormError fields={["city", "enabled", "why"]} />
          <div>
            <Submit busy="Saving…">Save</Submit>
          </div>
        </Form>
        {row.kind === "agent" && <Tokens row={row} />}
      </div>
    </details>
  );
}

function Tokens({ row }: { row: RegionRow }) {
  return (
    <section aria-label={`Tokens of ${row.name}`} className="mt-6">
      <h3 className="mb-2 text-sm font-semibold">Tokens of its agents</h3>
      {row.tokens.length > 0 && (
        <ul className="mb-4 divide-y rounded-lg border">
          {row.tokens.map((token) => (
            <li key={token.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
              <span className="min-w-0 flex-1 basis-60">
                <span className="font-medium break-words">{token.name}</span>
                <span className="block text-xs text-ink-2">
                  {token.by}, <Moment at={token.madeAt} />.{" "}
                  {token.lastUsedAt === null ? (
                    "Never used."
                  ) : (
                    <>
                      Last used <Moment at={token.lastUsedAt} />.
                    </>
                  )}
                </span>
              </span>
              <Confirm
                trigger="Take back"
                triggerLook="plain"
                small
                title={`Take the token of ${token.name} back?`}
                consequence="Its agent is turned away from the next request on, and stops. What it has under way is not taken any more."
                verb="Take back"
                busy="Taking back…"
                action={revokeRegionTokenAction}
                fields={{ tokenId: token.id }}
              >
                <WhyField />
              </Confirm>
            </li>
          ))}
        </ul>
      )}
      <Form action={makeRegionTokenAction} label={`Make a token for ${row.name}`} clear>
        <input type="hidden" name="region" value={row.name} />
        <TextField name="name" label="For which machine" required placeholder="probe-1 in the branch office" />
        <WhyField />
        <FormError fields={["name", "region", "why"]} />
        <ShownOnce what="the token">Give this to the agent now: it is not shown again.</ShownOnce>
        <div>
          <Submit busy="Making…">Make a token</Submit>
        </div>
      </Form>
    </section>
  );
}
