// Stores that are given by address: whether they answer, said in one sentence and never with their passwords.
import { Redis } from "ioredis";
import { migrate } from "../prisma/migrate.ts";
import { messageOf, Problem } from "./problem.ts";

/** @throws Problem that names the server, not the password */
export async function migrated(ownerUrl: string, secret: string): Promise<string[]> {
  try {
    return await migrate(ownerUrl, secret);
  } catch (error) {
    const url = URL.parse(ownerUrl);
    const where = `${url?.hostname ?? "?"}:${url?.port || 5432}${url?.pathname ?? ""}`;
    const why = messageOf(error) || String((error as { code?: unknown }).code);
    if (why.startsWith("Migration ")) throw new Problem(why);
    throw new Problem(
      `PostgreSQL at ${where} cannot be used (${why.slice(0, 200)}): check DATABASE_URL; its user must own the database and may create roles.`,
    );
  }
}

/** @throws Problem when nothing answers */
export async function reachableRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const where = url.startsWith("/") ? url : (URL.parse(url)?.host ?? "that address");
    throw new Problem(
      `Redis at ${where} cannot be used (${messageOf(error).slice(0, 200)}): check REDIS_URL and that the server runs.`,
    );
  } finally {
    redis.disconnect();
  }
}
