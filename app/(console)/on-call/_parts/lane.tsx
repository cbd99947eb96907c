import type { Shift } from "#lib/domain/schedule";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";
import { wall } from "./words.ts";

const WEEK_MS = 7 * 86_400_000;
const WEEKS = 4;
const TINTS = ["bg-raised", "bg-line", "bg-ground", "bg-line-strong"];

/** Four weeks, a lane each; the table under it says the same in words. */
export function Lane({
  shifts,
  zone,
  names,
  from,
}: {
  shifts: Shift[];
  zone: string;
  names: ReadonlyMap<string, string>;
  from: number;
}) {
  const order = [...new Set(shifts.flatMap((s) => s.personId ?? []))];
  const who = (id: string | null) => (id === null ? "nobody" : (names.get(id) ?? "somebody who has left"));
  return (
    <>
      <div aria-hidden="true" className="flex flex-col gap-1">
        {Array.from({ length: WEEKS }, (_, week) => {
          const [start, end] = [from + week * WEEK_MS, from + (week + 1) * WEEK_MS];
          return (
            <div key={start} className="flex h-7 overflow-hidden rounded border text-2xs">
              {shifts
                .filter((s) => s.from < end && s.to > start)
                .map((s) => {
                  const share = (Math.min(s.to, end) - Math.max(s.from, start)) / WEEK_MS;
                  const look =
                    s.personId === null
                      ? "border border-dashed border-down text-down"
                      : `${TINTS[order.indexOf(s.personId) % TINTS.length]} text-ink`;
                  return (
                    <span
                      key={s.from}
                      title={`${who(s.personId)}: ${wall(s.from, zone)} to ${wall(s.to, zone)}`}
                      style={{ width: `${share * 100}%` }}
                      className={`overflow-hidden px-1 leading-7 whitespace-nowrap ${look}`}
                    >
                      {share > 0.1 ? who(s.personId) : ""}
                    </span>
                  );
                })}
            </div>
          );
        })}
      </div>
      <details className="mt-2 text-sm">
        <summary className="cursor-pointer text-xs text-ink-2">As a table, in {zone}</summary>
        <div className="mt-2">
          <Table
            label="Turns of the next four weeks"
            head={
              <>
                <Th>Who</Th>
                <Th>From</Th>
                <Th>To</Th>
              </>
            }
          >
            {shifts.slice(0, 200).map((s) => (
              <Tr key={s.from}>
                <Td className={s.personId === null ? "text-down" : ""}>{who(s.personId)}</Td>
                <Td>{wall(s.from, zone)}</Td>
                <Td>{wall(s.to, zone)}</Td>
              </Tr>
            ))}
          </Table>
        </div>
      </details>
    </>
  );
}
