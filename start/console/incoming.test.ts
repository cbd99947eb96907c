// The console believes the connection and its own settings, and nothing that a client says in their place.
import { describe, expect, test } from "vitest";
import { foreign, sourceOf, trustNothing } from "./incoming.ts";

const url = new URL("https://tocsin.example.com");

describe("the source address", () => {
  test.each<[what: string, forwarded: string | undefined, peer: string, proxies: number, address: string]>([
    ["is the connection's where no proxy is trusted", "203.0.113.9", "198.51.100.1", 0, "198.51.100.1"],
    ["is what the one trusted proxy saw", "6.6.6.6, 203.0.113.9", "10.0.0.1", 1, "203.0.113.9"],
    ["is what the outer of two trusted proxies saw", "6.6.6.6, 203.0.113.9, 10.0.0.2", "10.0.0.1", 2, "203.0.113.9"],
    ["is the connection's when the proxies said too little", "203.0.113.9", "10.0.0.1", 2, "10.0.0.1"],
    ["is the connection's when the proxy said nonsense", "evil", "10.0.0.1", 1, "10.0.0.1"],
    ["loses port and brackets", "[2001:db8::1]:443", "10.0.0.1", 1, "2001:db8::1"],
    ["loses the port of IPv4", "203.0.113.9:5555", "10.0.0.1", 1, "203.0.113.9"],
    ["is plain IPv4 where it came mapped", undefined, "::ffff:198.51.100.1", 0, "198.51.100.1"],
    ["is no number that could be read as one", "2130706433", "", 1, ""],
  ])("%s", (_what, forwarded, peer, proxies, address) => expect(sourceOf(forwarded, peer, proxies)).toBe(address));
});

test("headers that speak for a proxy or the framework are gone, and the host is the console's own", () => {
  const headers = {
    host: "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-for": "6.6.6.6",
    "x-middleware-subrequest": "proxy:proxy:proxy",
    "x-tocsin-address": "6.6.6.6",
    "x-tocsin-refused": "/",
    "x-real-ip": "6.6.6.6",
    accept: "text/html",
  };
  trustNothing(headers, "198.51.100.1", { url, proxies: 0 });
  expect(headers).toEqual({
    host: "tocsin.example.com",
    "x-forwarded-host": "tocsin.example.com",
    "x-forwarded-proto": "https",
    "x-tocsin-address": "198.51.100.1",
    accept: "text/html",
  });
});

describe("a change that no page of this console made", () => {
  const cookie = "a=b; __Host-tocsin.session=token";
  const own = url.origin;
  test.each<[what: string, method: string, headers: Record<string, string>, refused: boolean]>([
    ["own page", "POST", { cookie, origin: own, "sec-fetch-site": "same-origin" }, false],
    ["own page of an old browser", "POST", { cookie, origin: own }, false],
    ["reading", "GET", { cookie, origin: "https://evil.example" }, false],
    ["Origin: null", "POST", { cookie, origin: "null" }, true],
    ["a foreign Origin", "POST", { cookie, origin: "https://evil.example" }, true],
    ["no Origin and a foreign Referer", "POST", { cookie, referer: "https://evil.example/" }, true],
    ["another port", "DELETE", { cookie, origin: "https://tocsin.example.com:8443" }, true],
    ["plain http of the same name", "PUT", { cookie, origin: "http://tocsin.example.com" }, true],
    ["cross-site by the browser's own word", "PATCH", { cookie, origin: own, "sec-fetch-site": "cross-site" }, true],
    ["a sister host", "POST", { cookie, origin: own, "sec-fetch-site": "same-site" }, true],
    ["a page's action without a cookie", "POST", { "next-action": "00", origin: "null" }, true],
    ["a program without a cookie", "POST", {}, false],
  ])("%s: %s", (_what, method, headers, refused) => {
    expect(foreign({ method, path: "/servers", headers }, own)).toBe(refused);
  });
});
