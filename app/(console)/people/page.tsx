import type { Metadata } from "next";
import Link from "next/link";
import { people, type PersonRow } from "#lib/queries/people";
import { matches, pageOf, param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed } from "../../_server/session.ts";
import { Empty } from "../../_ui/empty.tsx";
import { Filters } from "../../_ui/filters.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead } from "../../_ui/page-head.tsx";
import { Pager } from "../../_ui/pager.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";

export const metadata: Metadata = { title: "People" };
const PER_PAGE = 100;
const STATES: { value: PersonRow["state"]; label: string }[] = [
  { value: "in", label: "With a layer" },
  { value: "nothing", label: "Without any" },
  { value: "disabled", label: "Disabled" },
];

export default async function PeoplePage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("role.read");
  const [q, state] = [await param(searchParams, "q"), await param(searchParams, "state")];
  const all = await read(who, people);
  const found = all.filter(
    (p) => (state === "" || p.state === state) && matches(q, p.name, p.email, p.layers.join(" "), p.groups.join(" ")),
  );
  const page = await pageOf(searchParams, PER_PAGE, found.length);
  const choices = STATES.map((s) => ({ ...s, count: all.filter((p) => p.state === s.value).length }));
  return (
    <>
      <PageHead
        title="People"
        lead="Everybody who has signed in here, and what their groups make of them today. Somebody else decides over the groups: here people are only switched off."
      />
      <Filters name="state" choices={choices} searchLabel="Name, group or layer" />
      {found.length === 0 ? (
        <Empty title="Nobody matches">
          {all.length === 0
            ? "Whoever signs in first is the first here."
            : "Clear the search or choose another filter."}
        </Empty>
      ) : (
        <Table
          label="People"
          tall
          head={
            <>
              <Th>Name</Th>
              <Th>Is</Th>
              <Th wide>E-mail</Th>
              <Th wide className="text-right">
                Sessions
              </Th>
              <Th className="text-right">Last sign-in</Th>
            </>
          }
        >
          {found.slice((page - 1) * PER_PAGE, page * PER_PAGE).map((person) => (
            <Tr key={person.id} href={`/people/${person.id}`}>
              <Td>
                <Link
                  href={`/people/${person.id}`}
                  className="font-medium break-words underline-offset-2 hover:underline"
                >
                  {person.name}
                </Link>
              </Td>
              <Td className="text-ink-2">
                {person.state === "disabled" ? (
                  <span className="font-medium text-down">Disabled</span>
                ) : (
                  person.layers.join(", ") || "nothing here"
                )}
              </Td>
              <Td wide className="max-w-60 truncate text-ink-2" title={person.email ?? ""}>
                {person.email}
              </Td>
              <Td wide className="tabular text-right">
                {person.sessions}
              </Td>
              <Td className="text-right text-ink-2">
                <Moment at={person.lastSeenAt} />
              </Td>
            </Tr>
          ))}
        </Table>
      )}
      <Pager page={page} per={PER_PAGE} total={found.length} path="/people" keep={{ q, state }} />
    </>
  );
}
