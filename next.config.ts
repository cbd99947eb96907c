import type { NextConfig } from "next";

// The Content-Security-Policy is not here: it carries a nonce per request and is set in proxy.ts.
const headers = [
  { key: "Strict-Transport-Security", value: "max-age=63072000; includeSubDomains" },
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "X-Frame-Options", value: "DENY" },
  { key: "Referrer-Policy", value: "same-origin" },
  { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
  { key: "Cross-Origin-Resource-Policy", value: "same-origin" },
  {
    key: "Permissions-Policy",
    value: "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
  },
  { key: "X-Robots-Tag", value: "noindex, nofollow" },
];

// A request of a visit shows its cookie or is refused, so whatever is answered to one says here which visit it was: also
// without proxy.ts, and nobody stores it.
const ofVisits = ["__Host-tocsin.visit", "tocsin.visit"].map((key) => ({
  source: "/:path*",
  has: [{ type: "cookie" as const, key, value: "[0-9a-f-]{36}\\.(?<visit>[0-9a-f-]{36})\\.[\\w-]{43}" }],
  headers: [
    { key: "X-Impersonation", value: ":visit" },
    { key: "Cache-Control", value: "private, no-store" },
  ],
}));

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // Nothing here needs the optimiser, and it is a class of advisories of its own.
  images: { unoptimized: true },
  // Types are checked by `npm run check`; a second check would only slow the first start.
  typescript: { ignoreBuildErrors: true },
  // These load native parts or workers by path and break when bundled.
  serverExternalPackages: [
    "pg",
    "pino",
    "@prisma/client",
    "@prisma/adapter-pg",
    "ioredis",
    "bullmq",
    "undici",
    "nodemailer",
    "@pagerduty/pdjs",
    "openid-client",
    "rate-limiter-flexible",
  ],
  // forbidden() answers 403 with a page of its own.
  // No form here is larger; the console's own server refuses more before it is read.
  experimental: { authInterrupts: true, serverActions: { bodySizeLimit: "256kb" } },
  headers: async () => [{ source: "/:path*", headers }, ...ofVisits],
};

export default config;
