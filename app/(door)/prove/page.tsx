import type { Metadata } from "next";
import { headers } from "next/headers";
import { type Invitation, invitation } from "#lib/commands/sink/confirm";
import { TocsinError } from "#lib/domain/error";
import { db } from "../../_server/db.ts";
import { addressKey, limitBefore } from "../../_server/limit.ts";
import { param, type SearchParams } from "../../_server/query.ts";
import { Form, FormError, Submit } from "../../_ui/form.tsx";
import { FullPage } from "../../_ui/full-page.tsx";
import { confirmAction } from "./actions.ts";

export const metadata: Metadata = {
  title: "Confirm alerts by mail",
  referrer: "no-referrer",
  robots: { index: false },
};
export const dynamic = "force-dynamic";

/** Open to whoever has the link: the mailbox is the proof. Looking changes nothing, because mail programs look too. */
export default async function ProvePage({ searchParams }: { searchParams: SearchParams }) {
  if ((await param(searchParams, "done")) !== "")
    return (
      <FullPage title="Confirmed">
        <p>This address is alerted from now on. Whoever set it up can take it away again.</p>
      </FullPage>
    );
  const link = await param(searchParams, "link");
  const found = await look(link);
  if (typeof found === "string")
    return (
      <FullPage title="Confirm alerts by mail">
        <p>{found}</p>
      </FullPage>
    );
  return (
    <FullPage title="Confirm alerts by mail">
      <p>
        <strong className="text-ink">{found.tenantName}</strong> wants to alert{" "}
        <strong className="text-ink">{found.address}</strong> when something it runs fails. Until you confirm, nothing
        but the mail with this link is sent to you.
      </p>
      <Form action={confirmAction} label="Confirm alerts by mail">
        <input type="hidden" name="link" value={link} />
        <FormError />
        <Submit busy="Confirming…">Confirm</Submit>
      </Form>
      <p className="text-xs">If you do not expect this, close the page: nothing is sent.</p>
    </FullPage>
  );
}

async function look(link: string): Promise<Invitation | string> {
  try {
    await limitBefore("confirm", addressKey(await headers()));
    return await invitation(db(), link);
  } catch (error) {
    if (error instanceof TocsinError) return error.message;
    throw error;
  }
}
