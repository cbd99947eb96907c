import type { Metadata } from "next";
import { PageHead } from "../../_ui/page-head.tsx";
import { enter } from "../_parts/enter.ts";

export const metadata: Metadata = { title: "Overview" };

export default async function OverviewPage() {
  const who = await enter("/portal");
  return <PageHead title={who.seat.name} />;
}
