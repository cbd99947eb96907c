import type { ToolSurface } from "#lib/domain/outcome";
import { CopyId } from "../../../../_ui/copy-id.tsx";
import { Empty } from "../../../../_ui/empty.tsx";
import { Panel } from "../../../../_ui/page-head.tsx";

export function Tools({ tools }: { tools: ToolSurface | null }) {
  if (tools === null)
    return (
      <Empty title="No tool list seen yet">
        It appears after the first check that reaches tools/list. A server that asks for credentials needs one below.
      </Empty>
    );
  return (
    <Panel>
      {tools.names.length > 0 && (
        <ul className="mb-3 flex max-h-48 flex-wrap gap-1.5 overflow-y-auto">
          {tools.names.map((name, index) => (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: a hostile server may list one name twice
              key={`${index} ${name}`}
              className="max-w-full truncate rounded border bg-raised px-1.5 py-0.5 font-mono text-xs"
            >
              {name}
            </li>
          ))}
          {tools.count > tools.names.length && (
            <li className="px-1 text-xs text-ink-2">and {tools.count - tools.names.length} more</li>
          )}
        </ul>
      )}
      <p className="flex flex-wrap items-center gap-x-3 text-xs text-ink-2">
        Contract <CopyId value={tools.contractHash} shown={tools.contractHash.slice(0, 12)} what="contract hash" />
        with descriptions <CopyId value={tools.fullHash} shown={tools.fullHash.slice(0, 12)} what="full hash" />
      </p>
    </Panel>
  );
}
