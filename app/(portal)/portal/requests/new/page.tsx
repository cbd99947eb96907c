import type { Metadata } from "next";
import { ErasureForm } from "../../../../_parts/erasure-form.tsx";
import { PageHead } from "../../../../_ui/page-head.tsx";
import { enter } from "../../../_parts/enter.ts";
import { portalFileErasure } from "../actions.ts";

export const metadata: Metadata = { title: "File a request for erasure" };

export default async function PortalNewRequestPage() {
  await enter("/portal/requests/new");
  return (
    <div className="max-w-xl">
      <PageHead
        title="File a request for erasure"
        lead="It is received the moment you file it. The month that the law gives starts then."
      />
      <ErasureForm action={portalFileErasure} />
    </div>
  );
}
