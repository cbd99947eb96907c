import { db } from "../_server/db.ts";

const PATIENCE_MS = 2000;

/** The database answers within two seconds. No detail leaves: the operator's log has it. */
export async function GET(): Promise<Response> {
  const answered = await Promise.race([
    db()
      .global((tx) => tx.$queryRaw`SELECT 1`)
      .then(
        () => true,
        () => false,
      ),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), PATIENCE_MS)),
  ]);
  return Response.json({ ready: answered }, { status: answered ? 200 : 503, headers: { "cache-control": "no-store" } });
}
