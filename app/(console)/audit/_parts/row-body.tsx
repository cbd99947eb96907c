import { clip } from "./words.ts";

/** What changed, as names and values; the exact bytes as hashed stand behind it. */
export function RowBody({ body }: { body: string }) {
  if (body === "{}") return null;
  const facts = readable(body);
  return (
    <details className="max-w-md text-xs">
      <summary className="cursor-pointer truncate font-mono text-ink-2">
        {clip(facts?.map(([name, value]) => `${name} ${value}`).join(" · ") ?? body, 80)}
      </summary>
      {facts !== null && (
        <dl className="my-1.5 grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5">
          {facts.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-ink-2">{clip(name, 60)}</dt>
              <dd className="min-w-0 font-mono break-all whitespace-pre-wrap">{clip(value, 2_000)}</dd>
            </div>
          ))}
        </dl>
      )}
      <p className="mb-1.5 font-mono break-all text-ink-3">{clip(body, 4_000)}</p>
    </details>
  );
}

function readable(body: string): [string, string][] | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return Object.entries(value).map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]);
  } catch {
    return null;
  }
}
