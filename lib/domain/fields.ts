// Which fields of a thing leave by which surface: one published table, asked by all that the portal shows. Pure.
import { FIELD_TABLE, type Thing } from "./field-table.ts";

export const SURFACES = ["console", "portal"] as const;
export type Surface = (typeof SURFACES)[number];
export type ThingName = keyof typeof FIELD_TABLE;
export const THINGS = Object.keys(FIELD_TABLE) as ThingName[];
export const thing = (name: ThingName): Thing => FIELD_TABLE[name];

type Table = typeof FIELD_TABLE;
type Allowed<S extends Surface, T extends ThingName> =
  | keyof Table[T]["shown"]
  | (S extends "console" ? keyof Table[T]["staff"] : never);

/** Exactly the fields of the row that this surface may show: own ones that the table names, and no other. */
export function show<S extends Surface, T extends ThingName, Row extends object>(
  surface: S,
  name: T,
  row: Row,
): Pick<Row, Extract<keyof Row, Allowed<S, T>>> {
  const entries = Object.entries(row).filter(([field]) => mayLeave(surface, name, field));
  return Object.fromEntries(entries) as Pick<Row, Extract<keyof Row, Allowed<S, T>>>;
}

export function mayLeave(surface: Surface, name: ThingName, field: string): boolean {
  const { shown, staff } = thing(name);
  return Object.hasOwn(shown, field) || (surface === "console" && Object.hasOwn(staff, field));
}

export interface FieldLine {
  field: string;
  console: boolean;
  portal: boolean;
  /** How it is shown, or why it is not. */
  remark: string;
}

export function linesOf(name: ThingName): FieldLine[] {
  const { shown, staff, never } = thing(name);
  const line =
    (console: boolean, portal: boolean) =>
    ([field, remark]: [string, string]) => ({ field, console, portal, remark });
  return [
    ...Object.entries(shown).map(line(true, true)),
    ...Object.entries(staff).map(line(true, false)),
    ...Object.entries(never).map(line(false, false)),
  ];
}

/** The table as docs/fields.md prints it. */
export function fieldsAsMarkdown(): string {
  const mark = (yes: boolean) => (yes ? "yes" : "no");
  return THINGS.map((name) => {
    const { sentence, tables, whole } = thing(name);
    const head = [
      `## ${name}`,
      "",
      `${sentence}.${tables.length === 0 ? "" : ` Tables: ${tables.map((t) => `\`${t}\``).join(", ")}.`}`,
      "",
    ];
    if (whole !== undefined) return [...head, `Staff only. ${whole}`, ""].join("\n");
    const rows = linesOf(name).map((l) => [`\`${l.field}\``, mark(l.console), mark(l.portal), l.remark]);
    const columns = [["field", "console", "portal", "how, or why not"], ...rows];
    const width = [0, 1, 2, 3].map((i) => Math.max(...columns.map((c) => (c[i] ?? "").length)));
    const text = (cells: string[]) => `| ${cells.map((c, i) => c.padEnd(width[i] ?? 0)).join(" | ")} |`;
    return [
      ...head,
      text(columns[0] ?? []),
      `| ${width.map((w) => "-".repeat(w)).join(" | ")} |`,
      ...rows.map(text),
      "",
    ].join("\n");
  }).join("\n");
}
