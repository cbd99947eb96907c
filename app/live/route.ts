/** This process turns. Says nothing of what it depends on: restarting it would not mend a database that is away. */
export function GET(): Response {
  return Response.json({ live: true }, { headers: { "cache-control": "no-store" } });
}
