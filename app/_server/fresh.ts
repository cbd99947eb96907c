import "server-only";
import { cache } from "react";
import { now } from "#lib/adapters/clock";
import { env } from "#lib/adapters/env";
import { askAgain } from "#lib/adapters/oidc";
import { secrets } from "#lib/adapters/secrets";
import { type Freshness, keepFresh } from "#lib/commands/session/keep-fresh";
import { db } from "./db.ts";
import { log } from "./log.ts";
import { personOf } from "./person-of.ts";

/** Once per request, before anything is decided by the groups: are they still what the identity provider says? */
export const freshness = cache(async (token: string): Promise<Freshness> => {
  return keepFresh(db(), token, now(), {
    issuer: env().OIDC_ISSUER,
    person: personOf,
    box: secrets(),
    ask: async (refreshToken) => {
      const answer = await askAgain(refreshToken);
      if (answer.is !== "proof") log().warn({ is: answer.is, detail: answer.detail }, "groups were not confirmed");
      return answer;
    },
  });
});
