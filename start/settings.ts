// What the parts are told: the environment as given, completed in development by what this start brings itself.
import { readEnv } from "#lib/adapters/env";
import { Problem } from "./problem.ts";
import type { Secrets } from "./secrets.ts";

export type Settings = Record<string, string | undefined>;
export type Mode = "production" | "development";

export interface Plan {
  mode: Mode;
  port: number;
  url: string;
  regions: string[];
  /** Which parts this start brings because no address of another one was given. */
  own: { postgres: boolean; redis: boolean; identityProvider: boolean; inbox: boolean; fleet: boolean };
}

export const DEVELOPMENT_REGIONS = "fra,iad,sin";
const UNKNOWN_YET = {
  DATABASE_URL: "postgresql://unknown-yet@127.0.0.1:1/tocsin",
  REDIS_URL: "unknown-yet",
  OIDC_ISSUER: "http://127.0.0.1:1",
  OIDC_CLIENT_ID: "tocsin",
};

/**
 * Decides by the environment what to start, and refuses a bad setting by name before anything listens.
 * @param secrets of this data folder; null in production, where every secret must be given
 * @throws TocsinError E_CONFIG
 */
export function plan(given: Settings, secrets: Secrets | null): Plan {
  const mode: Mode = given.TOCSIN_MODE === "production" ? "production" : "development";
  const port = portOf(given.PORT);
  const base =
    secrets === null
      ? given
      : {
          ...UNKNOWN_YET,
          ...developmentDefaults(given, port, secrets),
          OIDC_CLIENT_SECRET: secrets.oidcClientSecret,
          ...present(given),
        };
  const ownProvider = mode === "development" && !given.OIDC_ISSUER;
  // A provider of one's own needs credentials of one's own: ours must not stand in for them.
  const checked = readEnv(
    ownProvider || mode === "production"
      ? base
      : { ...base, OIDC_CLIENT_ID: given.OIDC_CLIENT_ID, OIDC_CLIENT_SECRET: given.OIDC_CLIENT_SECRET },
  );
  const development = mode === "development";
  return {
    mode,
    port,
    url: checked.TOCSIN_URL,
    regions: checked.TOCSIN_REGIONS,
    own: {
      postgres: development && !given.DATABASE_URL,
      redis: development && !given.REDIS_URL,
      identityProvider: ownProvider,
      inbox: development,
      fleet: development,
    },
  };
}

export function developmentDefaults(given: Settings, port: number, secrets: Secrets): Settings {
  return {
    TOCSIN_MODE: "development",
    TOCSIN_SECRET: secrets.tocsinSecret,
    TOCSIN_KEY_FILE: secrets.keyFile,
    TOCSIN_URL: `http://127.0.0.1:${port}`,
    TOCSIN_REGIONS: DEVELOPMENT_REGIONS,
    // The fleet is on this machine: what lies beyond it says nothing of its line, and need not be asked.
    TOCSIN_EGRESS_TARGETS: "none",
    ...(given.OIDC_ISSUER ? {} : { OIDC_CLIENT_ID: "tocsin", OIDC_CLIENT_SECRET: secrets.oidcClientSecret }),
  };
}

/** Settings that say something: an empty variable counts as absent. */
export function present(given: Settings): Settings {
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined && v !== ""));
}

function portOf(given: string | undefined): number {
  const port = Number(given || 3000);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Problem(
    "PORT must be a number from 1 to 65535: set the port on which the console listens, for example PORT=3000.",
  );
}
