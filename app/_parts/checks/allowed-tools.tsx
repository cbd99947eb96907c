import { TextField } from "../../_ui/field.tsx";
import { ActButton, Form, FormError, Submit } from "../../_ui/form.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { Panel, Section } from "../../_ui/page-head.tsx";
import { WhyField } from "../../_ui/why-field.tsx";
import type { CheckActions } from "./checks-view.tsx";

export function AllowedTools({
  serverId,
  allowed,
  actions,
  may,
}: {
  serverId: string;
  allowed: { tool: string; reason: string; at: number }[];
  actions: CheckActions;
  may: { change: boolean; allowTool: boolean };
}) {
  return (
    <Section title="Tools that test calls may use without being marked as read-only">
      <Panel>
        {allowed.length === 0 ? (
          <p className="text-sm text-ink-2">None. Tools that the server marks as read-only need no leave.</p>
        ) : (
          <ul className="flex flex-col gap-2 text-sm">
            {allowed.map((tool) => (
              <li key={tool.tool} className="flex flex-wrap items-center justify-between gap-2">
                <span className="min-w-0 break-words">
                  <code className="font-mono">{tool.tool}</code>{" "}
                  <span className="text-ink-2">
                    since <Moment at={tool.at} />: {tool.reason}
                  </span>
                </span>
                {may.change && (
                  <ActButton
                    action={actions.disallow}
                    fields={{ serverId, tool: tool.tool }}
                    busy="Taking back…"
                    small
                    label={`Take back ${tool.tool}`}
                  >
                    Take back
                  </ActButton>
                )}
              </li>
            ))}
          </ul>
        )}
        {may.allowTool && (
          <details className="mt-3 border-t pt-3">
            <summary className="cursor-pointer text-sm font-medium">Allow a tool</summary>
            <div className="mt-3">
              <Form action={actions.allow} label="Allow a tool" clear>
                <input type="hidden" name="serverId" value={serverId} />
                <TextField
                  name="tool"
                  label="Tool"
                  required
                  help="It will be called for real, as often as its check says: be sure that it changes nothing."
                />
                <WhyField />
                <FormError fields={["tool", "why"]} />
                <div>
                  <Submit busy="Allowing…">Allow this tool</Submit>
                </div>
              </Form>
            </div>
          </details>
        )}
      </Panel>
    </Section>
  );
}
