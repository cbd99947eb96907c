// What comes back from a vendor about a sink: at which address, and what it shows that it is the vendor.
import { z } from "zod";

/** Who signs with a secret of their own, which is pasted here; who shows a token that is made here. */
export const INBOUND_KINDS = {
  slack: { vendor: "Slack", made: false },
  pagerduty: { vendor: "PagerDuty", made: false },
  opsgenie: { vendor: "OpsGenie", made: true },
} as const;
export type InboundKind = keyof typeof INBOUND_KINDS;

export const inboundKind = (kind: string): InboundKind | null =>
  Object.hasOwn(INBOUND_KINDS, kind) ? (kind as InboundKind) : null;

/** The former one holds for so long after another took its place. */
export const OVERLAP_MS = 24 * 3_600_000;

export const pasted = z
  .string()
  .transform((s) => s.trim())
  .refine((s) => /^[\w+/=.-]{16,200}$/.test(s), "Paste the signing secret as the vendor shows it.");

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const PAIR = new RegExp(`^(${UUID})\\.(${UUID})$`);

/** Names the tenant beside the sink or source, so that no list over all tenants has to be asked. No secret. */
export const pairOf = (tenantId: string, id: string): string => `${tenantId}.${id}`;
export function readPair(text: string): { tenantId: string; id: string } | null {
  const [, tenantId, id] = PAIR.exec(text) ?? [];
  return tenantId === undefined || id === undefined ? null : { tenantId, id };
}

/** Where the vendor sends to. Slack has one address for a whole app. */
export const inboundPath = (kind: InboundKind, tenantId: string, sinkId: string): string =>
  kind === "slack" ? "/api/hooks/slack" : `/api/hooks/${kind}/${pairOf(tenantId, sinkId)}`;
