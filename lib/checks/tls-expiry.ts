import type { Check } from "./check.ts";

const NOTICE_DAYS = 30;

export const tlsExpiry: Check = {
  name: "TLS expiry",
  promise: "A certificate that ends within 30 days is named while it still works.",
  run({ certificate }) {
    if (certificate === null || certificate.daysLeft > NOTICE_DAYS) return null;
    const days = Math.max(0, certificate.daysLeft);
    return {
      reason: "tls_expiring",
      phase: "tls",
      evidence: {
        cause: "tls_ends_soon",
        detail: `The certificate ends on ${new Date(certificate.validTo).toISOString().slice(0, 10)}, in ${days} day${days === 1 ? "" : "s"}.`,
      },
    };
  },
};
