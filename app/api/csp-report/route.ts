import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";
import { addressKey, limitBefore } from "../../_server/limit.ts";
import { log } from "../../_server/log.ts";
import { problem } from "../../_server/problem.ts";

const MAX_BYTES = 16 * 1024;
const MAX_REPORTS = 5;
/** Old name of report-uri, new name of the Reporting API. */
const KEPT = [
  ["violated-directive", "effectiveDirective"],
  ["blocked-uri", "blockedURL"],
  ["document-uri", "documentURL"],
  ["source-file", "sourceFile"],
  ["line-number", "lineNumber"],
] as const;

/** What a browser refused under our policy, into the console's log: a few short fields of a few reports, counted by address. */
export async function POST(request: Request): Promise<Response> {
  try {
    await limitBefore("report", addressKey(request.headers));
    const text = await request.text();
    if (text.length > MAX_BYTES) throw new TocsinError("E_TOO_LARGE", "A report holds at most 16 KiB.");
    for (const report of reports(text)) log().warn({ report }, "the browser refused something");
    return new Response(null, { status: 204 });
  } catch (error) {
    if (error instanceof TocsinError) return problem(error);
    throw error;
  }
}

function reports(text: string): Record<string, string>[] {
  let sent: unknown;
  try {
    sent = JSON.parse(text);
  } catch {
    throw new TocsinError("E_INVALID", "This is not a report.");
  }
  return (Array.isArray(sent) ? sent : [sent]).slice(0, MAX_REPORTS).map((one) => {
    const holder = (one ?? {}) as Record<string, unknown>;
    const fields = (holder["csp-report"] ?? holder.body ?? {}) as Record<string, unknown>;
    return Object.fromEntries(
      KEPT.flatMap(([old, name]) => {
        const value = fields[old] ?? fields[name];
        // Addresses lose their query: it may hold what somebody searched for.
        return typeof value === "string" || typeof value === "number"
          ? [[old, cleanText(String(value).split("?", 1)[0] ?? "", 200)]]
          : [];
      }),
    );
  });
}
