import type { Check } from "./check.ts";

const NOTICE_DAYS = 30;

/** Days → the cause that says so; the pipeline tells again at each. */
const causeOf = (days: number) =>
  days <= 7 ? "tls_ends_in_7_days" : days <= 14 ? "tls_ends_in_14_days" : "tls_ends_soon";

export const tlsExpiry: Check = {
  name: "TLS expiry",
  promise: "A certificate that ends within 30, 14 and 7 days is named while it still works.",
  run({ certificate }) {
    if (certificate === null || certificate.daysLeft > NOTICE_DAYS) return null;
    const days = Math.max(0, certificate.daysLeft);
    return {
      reason: "tls_expiring",
      phase: "tls",
      evidence: {
        cause: causeOf(days),
        detail: `The certificate ends on ${new Date(certificate.validTo).toISOString().slice(0, 10)}, in ${days} day${days === 1 ? "" : "s"}.`,
      },
    };
  },
};
