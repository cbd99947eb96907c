"use client";
import { useEffect } from "react";
import { Button } from "../_ui/button.tsx";
import { InShell } from "../_ui/in-shell.tsx";

export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  useEffect(() => console.error(error.digest ?? "page failed"), [error]);
  return (
    <InShell title="This page could not be shown">
      <p>Checking and paging go on: they do not need this console. Try again; if it stays, the database may be away.</p>
      {error.digest !== undefined && (
        <p>
          Reference for the operator: <code className="font-mono text-ink">{error.digest}</code>
        </p>
      )}
      <Button look="primary" onClick={reset}>
        Try again
      </Button>
    </InShell>
  );
}
