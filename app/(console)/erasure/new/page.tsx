import type { Metadata } from "next";
import { ErasureForm } from "../../../_parts/erasure-form.tsx";
import { allowed } from "../../../_server/session.ts";
import { PageHead } from "../../../_ui/page-head.tsx";
import { fileErasureAction } from "../actions.ts";

export const metadata: Metadata = { title: "File a request for erasure" };

export default async function NewErasurePage() {
  await allowed("erasure.file", "/portal/requests/new");
  return (
    <div className="max-w-xl">
      <PageHead title="File a request for erasure" lead="On behalf of somebody who wrote or called." />
      <ErasureForm action={fileErasureAction} />
    </div>
  );
}
