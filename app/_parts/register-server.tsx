import { SelectField, TextField } from "../_ui/field.tsx";
import { Form, FormError, Submit } from "../_ui/form.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { PageHead, Panel } from "../_ui/page-head.tsx";
import { intervalOptions, WEIGHT_OPTIONS } from "./choices.ts";

export function RegisterServer({ tier, action }: { tier: string; action: FormAction }) {
  return (
    <div className="max-w-xl">
      <PageHead
        title="Register a server"
        lead="Paste its address. The first check runs at once from every region, and you see each step as it happens."
      />
      <Panel>
        <Form action={action} label="Register a server">
          <TextField
            name="url"
            label="Address"
            type="url"
            required
            mono
            inputMode="url"
            placeholder="https://mcp.example.com/mcp"
            help="The endpoint that MCP clients use; it often ends in /mcp or /sse."
          />
          <TextField name="name" label="Name" placeholder="Taken from the address when left empty" />
          <div className="grid gap-4 sm:grid-cols-2">
            <SelectField name="intervalS" label="Check every" required value="60" options={intervalOptions(tier)} />
            <SelectField name="weight" label="Whose is it?" required value="own" options={WEIGHT_OPTIONS} />
          </div>
          <FormError fields={["url", "name", "intervalS", "weight"]} />
          <div>
            <Submit busy="Registering…">Register and check now</Submit>
          </div>
        </Form>
      </Panel>
    </div>
  );
}
