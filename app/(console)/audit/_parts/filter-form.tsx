import { Button, ButtonLink } from "../../../_ui/button.tsx";

const BOX = "h-8 min-w-0 rounded-md border border-line-strong bg-panel px-2 text-sm";

interface Chosen {
  action: string;
  actor: string;
  from: string;
  to: string;
  q: string;
}

/** A form of the address: it works without scripts, and what it shows can be sent to somebody. Days are UTC. */
export function FilterForm({
  chosen,
  choices,
  filtered,
}: {
  chosen: Chosen;
  choices: { actions: string[]; actors: { id: string; name: string }[] };
  filtered: boolean;
}) {
  const nouns = [...new Set(choices.actions.map((a) => a.split(".")[0] ?? a))];
  return (
    <form method="get" action="/audit" aria-label="Filter" className="mb-3 flex flex-wrap items-end gap-2 text-xs">
      <Labelled label="Search">
        <input type="search" name="q" data-search maxLength={200} defaultValue={chosen.q} className={`${BOX} w-44`} />
      </Labelled>
      <Labelled label="What">
        <select name="action" defaultValue={chosen.action} className={`${BOX} max-w-52`}>
          <option value="">Everything</option>
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
        <select name="actor" defaultValue={chosen.actor} className={`${BOX} max-w-44`}>
          <option value="">Everybody</option>
          {choices.actors.map((a) => (
            <option key={a.id} value={a.id}>
              {a.name}
            </option>
          ))}
        </select>
      </Labelled>
      <Labelled label="From (UTC)">
        <input type="date" name="from" defaultValue={chosen.from} className={BOX} />
      </Labelled>
      <Labelled label="To (UTC)">
        <input type="date" name="to" defaultValue={chosen.to} className={BOX} />
      </Labelled>
      <Button type="submit" small className="h-8">
        Show
      </Button>
      {filtered && (
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
