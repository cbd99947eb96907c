import Link from "next/link";
import { CHANGES_PER_PAGE, type ServerTools, type ShownTool, SHOWS, type Show } from "#lib/queries/server-tools";
import { matches, param, type SearchParams } from "../_server/query.ts";
import { CopyId } from "../_ui/copy-id.tsx";
import { Empty } from "../_ui/empty.tsx";
import { Filters } from "../_ui/filters.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { ActButton } from "../_ui/form.tsx";
import { Moment } from "../_ui/moment.tsx";
import { PageHead, Section } from "../_ui/page-head.tsx";
import { Pager } from "../_ui/pager.tsx";
import { scopeWords, ToolChangeEntry } from "./tool-change.tsx";

const TOOLS_AT_ONCE = 200;
const SHOW_WORD: Record<Show, string> = {
  open: "Waiting",
  breaking: "Breaking",
  additions: "Additions",
  words: "Words",
  flagged: "Flagged",
  regions: "Regions",
};

/** What the address asks for. */
export async function toolsAsked(searchParams: SearchParams) {
  const show = await param(searchParams, "show");
  const page = Number.parseInt(await param(searchParams, "page"), 10);
  return {
    q: await param(searchParams, "q"),
    show: SHOWS.find((s) => s === show) ?? ("" as const),
    page: Number.isSafeInteger(page) && page > 0 && page < 100_000 ? page : 1,
  };
}

export interface ToolsViewProps {
  found: ServerTools;
  ask: Awaited<ReturnType<typeof toolsAsked>>;
  accept: FormAction;
  mayAccept: boolean;
  base?: "" | "/portal";
}

export function ToolsView({ found, ask, accept, mayAccept, base = "" }: ToolsViewProps) {
  const { id, name, scopes, cut, waiting, changes, total, page } = found;
  const path = `${base}/servers/${id}/tools`;
  return (
    <>
      <PageHead
        title={`Tools of ${name}`}
        lead={
          <Link href={`${base}/servers/${id}`} className="underline underline-offset-2 hover:text-ink">
            Back to the server
          </Link>
        }
      />
      {cut && (
        <p className="mb-5 rounded-md border border-degraded bg-degraded-wash px-3 py-2 text-sm">
          The latest list was cut: it has more than 2,000 tools, more than 50 pages or no end. A list that was cut is
          compared with nothing, so changes go unseen.
        </p>
      )}
      {waiting.length > 0 && (
        <Section title="Needs a person">
          <div className="rounded-lg border bg-panel">
            {waiting.map((change) => (
              <ToolChangeEntry key={change.id} change={change} waiting>
                {change.kind === "changed" && mayAccept && (
                  <ActButton
                    action={accept}
                    fields={{
                      serverId: id,
                      era: change.era,
                      credentialed: String(change.credentialed),
                      fullHash: change.toHash,
                    }}
                    busy="Accepting…"
                    label="Accept this list of tools"
                    look="primary"
                  >
                    Accept as what is expected
                  </ActButton>
                )}
              </ToolChangeEntry>
            ))}
          </div>
        </Section>
      )}
      {scopes.map((scope) => (
        <Section
          key={scopeWords(scope)}
          title={`Offered now, ${scopeWords(scope)}`}
          aside={scope.count === null ? undefined : `${scope.count} tools`}
        >
          <Offered scope={scope} q={ask.q} />
        </Section>
      ))}
      <Section title="Changelog">
        {total.all === 0 && ask.q === "" ? (
          <Empty title="No list of tools has been seen yet">
            The first list becomes what is expected. A list that differs in two checks in a row is written down here.
          </Empty>
        ) : (
          <>
            <Filters
              name="show"
              searchLabel="Search tools and changes"
              total={total.all}
              choices={SHOWS.map((value) => ({ value, label: SHOW_WORD[value], count: total[value] }))}
            />
            {changes.length === 0 ? (
              <Empty title="No change matches">Clear the search or choose another kind.</Empty>
            ) : (
              <div className="rounded-lg border bg-panel">
                {changes.map((change) => (
                  <ToolChangeEntry key={change.id} change={change} />
                ))}
              </div>
            )}
            <Pager
              page={page}
              per={CHANGES_PER_PAGE}
              total={ask.show === "" ? total.all : total[ask.show]}
              path={path}
              keep={{ q: ask.q, show: ask.show }}
            />
          </>
        )}
      </Section>
    </>
  );
}

function Offered({ scope, q }: { scope: ToolsViewProps["found"]["scopes"][number]; q: string }) {
  const tools = scope.tools.filter((tool) => matches(q, tool.name, tool.title, tool.description));
  return (
    <div className="rounded-lg border bg-panel">
      <p className="flex flex-wrap items-center gap-x-3 border-b px-4 py-2 text-xs text-ink-2">
        <CopyId value={scope.fullHash} shown={scope.fullHash.slice(0, 12)} what="hash of the list" />
        {scope.firstSeen !== null && (
          <span>
            first seen <Moment at={scope.firstSeen} />
          </span>
        )}
        <span>{scope.fullHash === scope.accepted ? "accepted" : "not accepted yet"}</span>
        {scope.flapping.length > 0 && (
          <span>{scope.flapping.join(", ")} turns between lists: what it shows is not counted</span>
        )}
        {scope.note !== "" && <span>{scope.note}</span>}
      </p>
      <ul className="divide-y">
        {tools.slice(0, TOOLS_AT_ONCE).map((tool) => (
          <Tool key={tool.name} tool={tool} />
        ))}
      </ul>
      {tools.length > TOOLS_AT_ONCE && (
        <p className="border-t px-4 py-2 text-xs text-ink-2">
          {tools.length - TOOLS_AT_ONCE} more: search for them by name.
        </p>
      )}
      {tools.length === 0 && scope.tools.length > 0 && (
        <p className="px-4 py-3 text-sm text-ink-2">No tool matches the search.</p>
      )}
    </div>
  );
}

function Tool({ tool }: { tool: ShownTool }) {
  return (
    <li>
      <details className="px-4 py-2">
        <summary className="text-sm">
          <bdi className="font-mono text-xs break-all">{tool.name}</bdi>
          {tool.readOnly && <span className="ml-2 text-xs text-ink-2">says that it only reads</span>}
          {tool.destructive && <span className="ml-2 text-xs text-ink-2">says that it may destroy something</span>}
        </summary>
        {tool.kept ? (
          <div className="mt-2 space-y-2 text-sm">
            {tool.title !== "" && (
              <p className="font-medium break-words">
                <bdi>{tool.title}</bdi>
              </p>
            )}
            {tool.description !== "" && (
              <p className="max-w-prose break-words whitespace-pre-wrap text-ink-2">
                <bdi>{tool.description}</bdi>
              </p>
            )}
            <Schema title="Input" text={tool.input} />
            <Schema title="Output" text={tool.output} />
          </div>
        ) : (
          <p className="mt-2 text-xs text-ink-2">Too large to be kept: known by its hash only.</p>
        )}
      </details>
    </li>
  );
}

function Schema({ title, text }: { title: string; text: string }) {
  if (text === "") return null;
  return (
    <div>
      <p className="text-xs text-ink-2">{title}</p>
      <section
        aria-label={title}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a frame that scrolls must be reachable by keyboard
        tabIndex={0}
        className="mt-1 max-h-80 overflow-auto rounded-md border bg-raised p-2"
      >
        <pre dir="ltr" className="font-mono text-xs">
          {text}
        </pre>
      </section>
    </div>
  );
}
