"use client";
import { FullPage } from "./_ui/full-page.tsx";
import { PageFailed, type PageFailedProps } from "./_ui/page-failed.tsx";

export default function ErrorPage(props: PageFailedProps) {
  return <PageFailed frame={FullPage} {...props} />;
}
