"use client";

// Stands in for the whole document, so it cannot count on the layout's styles.
export default function GlobalError({ error }: { error: Error & { digest?: string } }) {
  return (
    <html lang="en">
      <body style={{ fontFamily: "system-ui, sans-serif", maxWidth: "26rem", margin: "20vh auto", padding: "0 1rem" }}>
        <h1>The console is in trouble</h1>
        <p>
          Checking and paging go on: they do not need it. Load the page again; if it stays, restart the console process.
        </p>
        {error.digest !== undefined && <p>Reference for the operator: {error.digest}</p>}
      </body>
    </html>
  );
}
