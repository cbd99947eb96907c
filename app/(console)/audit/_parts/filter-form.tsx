import { type AuditFilter, EVERYTHING, filterParams, filterQuery } from "#lib/domain/audit-filter";
import { Button, ButtonLink } from "../../../_ui/button.tsx";

const BOX = "h-8 min-w-0 rounded-md border border-line-strong bg-panel px-2 text-sm";
const ONLY_WORDS = [
  ["", "All rows"],
  ["refused", "Refused"],
  ["visits", "Visits"],
  ["reason", "With a reason"],
  ["shell", "By the command line"],
] as const;

/** A form of the address: it works without scripts, and what it shows can be sent to somebody. Days are UTC. */
export function FilterForm({
  filter,
  choices,
  tenants,
}: {
  filter: AuditFilter;
  choices: { actions: string[]; actors: { id: string; name: string }[] };
  /** Whose logs one may read; nothing is asked where there is one only. */
  tenants: { slug: string; name: string }[];
}) {
  const nouns = [...new Set(choices.actions.map((a) => a.split(".")[0] ?? a))];
  const value = filterParams(filter);
  const offered = new Set(["", ...nouns, ...choices.actions]);
  // What came by a link and has no field of its own stays in the address.
  const kept = ["as", "target"].filter((name) => value[name] !== "");
  return (
    <form method="get" action="/audit" aria-label="Filter" className="mb-3 flex flex-wrap items-end gap-2 text-xs">
      {kept.map((name) => (
        <input key={name} type="hidden" name={name} value={value[name]} />
      ))}
      <Labelled label="Search">
        <input type="search" name="q" data-search maxLength={200} defaultValue={value.q} className={`${BOX} w-44`} />
      </Labelled>
      <Labelled label="What">
        <select name="action" defaultValue={value.action} className={`${BOX} max-w-52`}>
          <option value="">Everything</option>
          {!offered.has(filter.action) && <option value={filter.action}>{filter.action.replaceAll(",", ", ")}</option>}
          {nouns.map((noun) => (
            <optgroup key={noun} label={noun}>
              <option value={noun}>{noun}: all</option>
              {choices.actions
                .filter((a) => a.startsWith(`${noun}.`))
                .map((a) => (
                  <option key={a} value={a}>
                    {a}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </Labelled>
      <Labelled label="Who">
        <select name="actor" defaultValue={value.actor} className={`${BOX} max-w-44`}>
          <option value="">Everybody</option>
          {filter.actor !== "" && !choices.actors.some((a) => a.id === filter.actor) && (
            <option value={filter.actor}>{filter.actor}</option>
          )}
          {choices.actors.map((a) => (
            <option key={a.id} value={a.id}>
              {a.name}
            </option>
          ))}
        </select>
      </Labelled>
      <Labelled label="Only">
        <select name="only" defaultValue={value.only} className={`${BOX} max-w-44`}>
          {filter.only.length > 1 && <option value={value.only}>{filter.only.join(" and ")}</option>}
          {ONLY_WORDS.map(([only, label]) => (
            <option key={only} value={only}>
              {label}
            </option>
          ))}
        </select>
      </Labelled>
      <Labelled label="From address">
        <input name="addr" maxLength={45} defaultValue={value.addr} className={`${BOX} w-32 font-mono`} />
      </Labelled>
      <Labelled label="From (UTC)">
        <input type="date" name="from" defaultValue={value.from} className={BOX} />
      </Labelled>
      <Labelled label="To (UTC)">
        <input type="date" name="to" defaultValue={value.to} className={BOX} />
      </Labelled>
      {tenants.length > 1 && (
        <Labelled label="Tenant's log">
          <select name="tenant" defaultValue={value.tenant} className={`${BOX} max-w-44`}>
            <option value="">The one I look at</option>
            <option value="all">All {tenants.length}</option>
            {tenants.map((t) => (
              <option key={t.slug} value={t.slug}>
                {t.name}
              </option>
            ))}
          </select>
        </Labelled>
      )}
      <Button type="submit" small className="h-8">
        Show
      </Button>
      {filterQuery(filter) !== filterQuery(EVERYTHING) && (
        <ButtonLink href="/audit" look="quiet" small className="h-8">
          Clear
        </ButtonLink>
      )}
    </form>
  );
}

function Labelled({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="flex min-w-0 flex-col gap-1 text-ink-2">
      {label}
      {children}
    </label>
  );
}
