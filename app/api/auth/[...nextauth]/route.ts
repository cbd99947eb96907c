import NextAuth from "next-auth";
import { authOptions } from "../../../_server/auth.ts";

type Context = { params: Promise<{ nextauth: string[] }> };

async function handle(request: Request, context: Context): Promise<Response> {
  const userAgent = (request.headers.get("user-agent") ?? "").replace(/[^\x20-\x7e]/g, "").slice(0, 200);
  return NextAuth(request as never, context as never, authOptions(userAgent));
}

export { handle as GET, handle as POST };
