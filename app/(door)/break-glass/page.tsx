import type { Metadata } from "next";
import Link from "next/link";
import { ownPath } from "../../_server/own-path.ts";
import { TextField } from "../../_ui/field.tsx";
import { Form, FormError, Submit } from "../../_ui/form.tsx";
import { FullPage } from "../../_ui/full-page.tsx";
import { enterAction } from "./actions.ts";

export const metadata: Metadata = { title: "Emergency sign-in" };
export const dynamic = "force-dynamic";

type Params = Promise<Record<string, string | string[] | undefined>>;

/** Open to whoever is signed in, too: it is also how a session of this door is confirmed once more. */
export default async function BreakGlassPage({ searchParams }: { searchParams: Params }) {
  const to = ownPath((await searchParams).to);
  return (
    <FullPage title="Emergency sign-in">
      <p>
        For root operators, when the identity provider is away. Each use and each failed try is in the audit log and
        pages whoever this installation&apos;s own alerts page. A session lasts an hour; what matters asks for a sign-in
        of the last five minutes, which is made here again.
      </p>
      <Form action={enterAction} label="Emergency sign-in">
        <input type="hidden" name="to" value={to} />
        <TextField name="name" label="Account" required mono autoComplete="off" />
        <TextField name="secret" label="Secret" type="password" required mono autoComplete="off" />
        <FormError fields={["name", "secret"]} />
        <Submit busy="Looking…">Sign in</Submit>
      </Form>
      <p className="text-xs">
        <Link href="/sign-in" className="underline underline-offset-2 hover:text-ink">
          Sign in with the identity provider
        </Link>
      </p>
    </FullPage>
  );
}
