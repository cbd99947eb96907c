import type { ToolSurface } from "#lib/domain/outcome";
import Link from "next/link";
import { CopyId } from "../_ui/copy-id.tsx";
import { Empty } from "../_ui/empty.tsx";
import { Panel } from "../_ui/page-head.tsx";

const AT_ONCE = 30;

/** @param href where the whole lists and their changes are */
export function Tools({ tools, href }: { tools: ToolSurface | null; href: string }) {
  if (tools === null) {
    return (
      <Empty title="No tool list seen yet">
        It appears after the first check that reaches tools/list. A server that asks for credentials needs one below.
      </Empty>
    );
  }
  const unnamed = tools.count - tools.names.length;
  return (
    <Panel>
      <Names names={tools.names.slice(0, AT_ONCE)} />
      {tools.names.length > AT_ONCE && (
        <details className="mb-3 text-xs">
          <summary className="mb-2 text-ink-2 hover:text-ink">{tools.names.length - AT_ONCE} more</summary>
          <Names names={tools.names.slice(AT_ONCE)} />
        </details>
      )}
      {unnamed > 0 && <p className="mb-3 text-xs text-ink-2">and {unnamed} whose names are not kept</p>}
      <p className="flex flex-wrap items-center gap-x-3 text-xs text-ink-2">
        Contract <CopyId value={tools.contractHash} shown={tools.contractHash.slice(0, 12)} what="contract hash" />
        with descriptions <CopyId value={tools.fullHash} shown={tools.fullHash.slice(0, 12)} what="full hash" />
      </p>
      <p className="mt-2 text-xs">
        <Link href={href} className="text-ink-2 underline underline-offset-2 hover:text-ink">
          Descriptions, schemas and changes
        </Link>
      </p>
    </Panel>
  );
}

function Names({ names }: { names: string[] }) {
  if (names.length === 0) return null;
  return (
    <ul className="mb-3 flex flex-wrap gap-1.5">
      {names.map((name, index) => (
        <li
          // biome-ignore lint/suspicious/noArrayIndexKey: a hostile server may list one name twice
          key={`${index} ${name}`}
          className="max-w-full truncate rounded border bg-raised px-1.5 py-0.5 font-mono text-xs"
        >
          {name}
        </li>
      ))}
    </ul>
  );
}
