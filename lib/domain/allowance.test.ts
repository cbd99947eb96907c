import { describe, expect, it } from "vitest";
import { allowedRange } from "./allowance.ts";

describe("a private range that may be reached", () => {
  it.each([
    ["10.20.0.0/16", "10.20.0.0/16"],
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["172.31.0.0/16", "172.31.0.0/16"],
    ["192.168.1.7/32", "192.168.1.7/32"],
    ["100.64.0.0/16", "100.64.0.0/16"],
    ["127.0.0.1/32", "127.0.0.1/32"],
    ["FD12:3456:0:0:0:0:0:0/48", "fd12:3456::/48"],
    ["::1/128", "::1/128"],
  ])("may be %s, kept as %s", (given, kept) => {
    expect(allowedRange(given)).toEqual({ cidr: kept, portFrom: 1, portTo: 65_535 });
  });

  it.each([
    ["0.0.0.0/0", /every address there is/],
    ["::/0", /every address there is/],
    ["0.0.0.0/1", /cannot be allowed/],
    ["10.0.0.0/7", /cannot be allowed/],
    ["8.0.0.0/7", /cannot be allowed/],
    ["172.0.0.0/11", /cannot be allowed/],
    ["8.8.8.0/24", /Public addresses need no allowance/],
    ["169.254.0.0/16", /cannot be allowed/],
    ["169.254.169.254/32", /cannot be allowed/],
    ["fe80::/10", /cannot be allowed/],
    ["fc00::/7", /at most a \/32/],
    ["::ffff:169.254.169.254/128", /cannot be allowed/],
    ["::ffff:a9fe:a9fe/128", /cannot be allowed/],
    ["::ffff:a00:0/104", /cannot be allowed/],
    ["100.64.0.0/10", /metadata/],
    ["fd00:ec2::/32", /metadata/],
    ["10.20.0.7/16", /write 10\.20\.0\.0\/16, or 10\.20\.0\.7\/32/],
    ["10.20.0.0", /with its prefix length/],
    ["10.20.0.0/33", /with its prefix length/],
    ["010.1.1.0/24", /four decimal numbers/],
    ["10.1/16", /four decimal numbers/],
    ["localhost/8", /not an address range/],
    ["10.0.0.0/8\n", /not an address range/],
    ["", /not an address range/],
  ])("may not be %j", (given, why) => {
    expect(() => allowedRange(given)).toThrow(why);
  });
});

describe("the ports of a private range", () => {
  it.each([
    ["8080", 8080, 8080],
    ["8000-8100", 8000, 8100],
    ["1-65535", 1, 65_535],
  ])("may be %s", (given, portFrom, portTo) => {
    expect(allowedRange("10.0.0.0/8", given)).toMatchObject({ portFrom, portTo });
  });

  it.each(["", "0", "0-80", "90-80", "65536", "80,443", "-1", "http", "80-", "1e3"])("may not be %j", (given) => {
    expect(() => allowedRange("10.0.0.0/8", given)).toThrow(/not ports/);
  });
});
