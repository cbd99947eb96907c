import Link from "next/link";
import { actWords, bodyOf, changesOf, factsOf } from "#lib/domain/audit-row";
import { EVERYTHING } from "#lib/domain/audit-filter";
import type { AuditRow } from "#lib/queries/audit";
import { Facts } from "../../../_ui/page-head.tsx";
import { logAddress, targetAddress } from "./address.ts";
import { clip } from "./words.ts";

const LINK = "underline underline-offset-2 hover:text-ink";

/** One sentence; opened, everything that the row holds. @param own the row is of the tenant one looks at */
export function RowDetail({ row, own }: { row: AuditRow; own: boolean }) {
  const body = bodyOf(row.body);
  const { words, known } = actWords(row.action, body, row.targetName ?? row.target);
  const named = (text: string | null) =>
    text === null ? null : [...row.names].reduce((all, [id, name]) => all.replaceAll(id, () => name), text);
  const changes = [...changesOf(body), ...changesOf(row.personal.facts)].map((c) => ({
    ...c,
    was: named(c.was),
    will: named(c.will),
  }));
  return (
    <details className="min-w-0">
      <summary className="cursor-pointer">
        <span className={known ? "break-words" : "font-mono text-xs break-words"}>{clip(words, 160)}</span>
        {changes.length > 0 && (
          <span className="ml-1.5 text-xs text-ink-2">
            {clip(changes.map((c) => `${c.what} ${short(c.was)} → ${short(c.will)}`).join(", "), 90)}
          </span>
        )}
      </summary>
      <div className="my-2 flex max-w-3xl flex-col gap-3 border-l-2 border-line-strong pl-3 text-xs">
        {changes.length > 0 && <Changes changes={changes} />}
        <Facts
          rows={[
            ["Why", row.personal.state === "erased" ? "erased" : row.personal.why || "none was given"],
            row.actAs === null
              ? null
              : [
                  "In place of",
                  <Link key="as" href={logAddress({ ...EVERYTHING, actAs: row.actAs.id })} className={LINK}>
                    {row.actAs.name}
                  </Link>,
                ],
            [
              "From",
              row.personal.state === "erased"
                ? "erased"
                : (row.personal.from && (
                    <Link
                      href={logAddress({ ...EVERYTHING, address: row.personal.from })}
                      className={`${LINK} font-mono`}
                    >
                      {row.personal.from}
                    </Link>
                  )) ||
                  "not known",
            ],
            ["On", <Target key="on" row={row} own={own} />],
            ...factsOf(body).map(([what, value]) => [what, clip(value, 2_000)] as const),
            ...factsOf(row.personal.facts).map(([what, value]) => [what, clip(value, 2_000)] as const),
            row.grantId === null ? null : ["Visit", <code key="visit">{row.grantId}</code>],
            ["Action", <code key="action">{row.action}</code>],
            ["Actor", <Actor key="actor" row={row} />],
            ["Time (UTC)", <code key="time">{row.cursor.slice(0, 27)}</code>],
            [
              "As hashed",
              <code key="body" className="break-all">
                {clip(row.body, 4_000)}
              </code>,
            ],
          ]}
        />
      </div>
    </details>
  );
}

const short = (value: string | null) => clip((value ?? "none").replace(/\s+/g, " "), 24);

function Changes({ changes }: { changes: { what: string; was: string | null; will: string | null }[] }) {
  return (
    <table className="w-full border-collapse">
      <thead>
        <tr className="text-left text-ink-2">
          <th scope="col" className="pr-3 font-medium">
            Changed
          </th>
          <th scope="col" className="pr-3 font-medium">
            Before
          </th>
          <th scope="col" className="font-medium">
            After
          </th>
        </tr>
      </thead>
      <tbody>
        {changes.map((c) => (
          <tr key={c.what} className="border-t align-top">
            <td className="py-1 pr-3">{clip(c.what, 60)}</td>
            <td className="py-1 pr-3 font-mono break-all whitespace-pre-wrap">
              {c.was === null ? "none" : clip(c.was, 2_000)}
            </td>
            <td className="py-1 font-mono break-all whitespace-pre-wrap">
              {c.will === null ? "none" : clip(c.will, 2_000)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Target({ row, own }: { row: AuditRow; own: boolean }) {
  const page = own ? targetAddress(row.target) : null;
  const name = row.targetName ?? row.target;
  return (
    <>
      {page === null ? (
        <span className="break-all">{name}</span>
      ) : (
        <Link href={page} className={LINK}>
          {name}
        </Link>
      )}{" "}
      (
      <Link href={logAddress({ ...EVERYTHING, target: row.target })} className={LINK}>
        all rows about it
      </Link>
      )
    </>
  );
}

function Actor({ row }: { row: AuditRow }) {
  return (
    <>
      <code>{row.actor}</code> (
      <Link href={logAddress({ ...EVERYTHING, actor: row.actor })} className={LINK}>
        all rows of theirs
      </Link>
      )
    </>
  );
}
