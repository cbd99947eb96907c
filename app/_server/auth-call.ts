// Calls the sign-in library with plain values and gets a plain answer: it then needs nothing of the framework around it.
import "server-only";
import NextAuth, { type NextAuthOptions } from "next-auth";

export async function callAuth(
  request: Request,
  nextauth: string[],
  cookies: Record<string, string>,
  options: NextAuthOptions,
  query: Record<string, string>,
): Promise<Response> {
  const body = request.method === "POST" ? Object.fromEntries(new URLSearchParams(await request.text())) : {};
  const req = {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    query: { ...query, nextauth },
    cookies,
    body,
  };
  const answer = { status: 200, headers: new Headers(), body: null as string | null };
  const held: string[] = [];
  const res = {
    status: (status: number) => {
      answer.status = status;
      return res;
    },
    getHeader: (name: string) => (name.toLowerCase() === "set-cookie" ? [...held] : answer.headers.get(name)),
    setHeader: (name: string, value: string | string[]) => {
      if (name.toLowerCase() === "set-cookie") held.splice(0, held.length, ...[value].flat());
      else answer.headers.set(name, String(value));
      return res;
    },
    json: (value: unknown) => res.setHeader("content-type", "application/json").send(JSON.stringify(value)),
    send: (value: unknown) => {
      answer.body = typeof value === "string" ? value : value === undefined ? null : JSON.stringify(value);
    },
    end: () => {},
  };
  await NextAuth(req as never, res as never, options);
  for (const cookie of held) answer.headers.append("set-cookie", cookie);
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
}
