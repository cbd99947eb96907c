// What is signed is believed, and nothing else: each vendor's own way, the bytes as they came, within five minutes.
import { createHmac, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeRef, readRef } from "./act-ref.ts";
import { pagerdutySigned, slackSigned, standardSigned } from "./signature.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const at = (offsetS: number) => String(Math.floor(NOW.getTime() / 1000) + offsetS);
const bytes = (text: string) => new TextEncoder().encode(text);
const hex = (secret: string, text: string) => createHmac("sha256", secret).update(text).digest("hex");

const BODY = '{"event":{"id":"01",  "event_type":"incident.acknowledged"}}';
const SAME_MEANING = JSON.stringify(JSON.parse(BODY));
const [NEW, OLD, FOREIGN] = ["new-secret-0123456789", "old-secret-0123456789", "somebody-elses-secret"];
const KEY = randomBytes(32);
const standard = (key: Uint8Array, id: string, when: string, body: string) =>
  `v1,${createHmac("sha256", key).update(`${id}.${when}.${body}`).digest("base64")}`;

const slack = (secrets: string[], signature: string | null, when: string | null, body = BODY) =>
  slackSigned(secrets, { signature, timestamp: when }, bytes(body), NOW);
const slackSign = (secret: string, when: string, body = BODY) => `v0=${hex(secret, `v0:${when}:${body}`)}`;
const pager = (secrets: string[], header: string | null, body = BODY) => pagerdutySigned(secrets, header, bytes(body));
const generic = (signature: string | null, when: string | null, body = BODY, id: string | null = "m1", key = KEY) =>
  standardSigned(key, { id, timestamp: when, signature }, bytes(body), NOW);

describe("what a vendor signed is believed", () => {
  test.each([
    ["Slack", slack([NEW], slackSign(NEW, at(0)), at(0))],
    ["Slack, five minutes ago", slack([NEW], slackSign(NEW, at(-300)), at(-300))],
    ["Slack, by the former secret while both hold", slack([NEW, OLD], slackSign(OLD, at(0)), at(0))],
    ["PagerDuty", pager([NEW], `v1=${hex(NEW, BODY)}`)],
    ["PagerDuty, which signs with two while it changes", pager([NEW], `v1=${hex(OLD, BODY)},v1=${hex(NEW, BODY)}`)],
    ["PagerDuty, by the former secret while both hold", pager([NEW, OLD], `v1=${hex(OLD, BODY)}`)],
    ["Standard Webhooks", generic(standard(KEY, "m1", at(0), BODY), at(0))],
    [
      "Standard Webhooks, with another signature before it",
      generic(`v1,${"A".repeat(43)}= ${standard(KEY, "m1", at(0), BODY)}`, at(0)),
    ],
  ])("%s", (_, believed) => expect(believed).toBe(true));
});

describe("anything else is not", () => {
  const good = slackSign(NEW, at(0));
  test.each([
    ["Slack: by a foreign secret", slack([NEW], slackSign(FOREIGN, at(0)), at(0))],
    ["Slack: none", slack([NEW], null, at(0))],
    ["Slack: empty", slack([NEW], "v0=", at(0))],
    ["Slack: cut", slack([NEW], good.slice(0, -2), at(0))],
    ["Slack: no time", slack([NEW], good, null)],
    ["Slack: six minutes old", slack([NEW], slackSign(NEW, at(-360)), at(-360))],
    ["Slack: six minutes ahead", slack([NEW], slackSign(NEW, at(360)), at(360))],
    ["Slack: another time than was signed", slack([NEW], good, at(1))],
    ["Slack: a time that is no number", slack([NEW], slackSign(NEW, "1e9"), "1e9")],
    ["Slack: the body written anew", slack([NEW], good, at(0), SAME_MEANING)],
    ["Slack: with PagerDuty's signature", slack([NEW], `v1=${hex(NEW, BODY)}`, at(0))],
    ["Slack: while no secret is known", slack([], good, at(0))],
    ["Slack: signed with an empty secret while none is known", slack([], slackSign("", at(0)), at(0))],
    ["PagerDuty: by a foreign secret", pager([NEW], `v1=${hex(FOREIGN, BODY)}`)],
    ["PagerDuty: none", pager([NEW], null)],
    ["PagerDuty: empty", pager([NEW], "")],
    ["PagerDuty: the body written anew", pager([NEW], `v1=${hex(NEW, BODY)}`, SAME_MEANING)],
    ["PagerDuty: with Slack's signature", pager([NEW], good)],
    ["PagerDuty: by the former secret after its end", pager([NEW], `v1=${hex(OLD, BODY)}`)],
    ["PagerDuty: while no secret is known", pager([], `v1=${hex("", BODY)}`)],
    ["PagerDuty: eleven wrong ones before the right", pager([NEW], `${"v1=00,".repeat(11)}v1=${hex(NEW, BODY)}`)],
    ["Standard Webhooks: by a foreign key", generic(standard(randomBytes(32), "m1", at(0), BODY), at(0))],
    ["Standard Webhooks: none", generic(null, at(0))],
    ["Standard Webhooks: without an id", generic(standard(KEY, "", at(0), BODY), at(0), BODY, null)],
    ["Standard Webhooks: another id than was signed", generic(standard(KEY, "m1", at(0), BODY), at(0), BODY, "m2")],
    ["Standard Webhooks: six minutes old", generic(standard(KEY, "m1", at(-360), BODY), at(-360))],
    ["Standard Webhooks: the body written anew", generic(standard(KEY, "m1", at(0), BODY), at(0), SAME_MEANING)],
  ])("%s", (_, believed) => expect(believed).toBe(false));
});

describe("the reference in a link or a button", () => {
  const uuid = () => crypto.randomUUID();
  const of = { tenantId: uuid(), incidentId: uuid(), sinkId: uuid() };
  const ref = makeRef(KEY, of, NOW);
  const days = (n: number) => new Date(NOW.getTime() + n * 86_400_000);

  test("says which incident of which tenant by way of which sink, for seven days", () => {
    expect(readRef(KEY, ref, days(6.9))).toMatchObject(of);
    expect(readRef(KEY, ref, days(7.1))).toBe("over");
  });
  test("is the same at every retry, and fits into a button", () => {
    expect(makeRef(KEY, of, NOW)).toBe(ref);
    expect(ref).toMatch(/^[\w-]{91}$/);
  });
  test("is nothing once any letter of it is another, or another key made it", () => {
    for (let i = 0; i < ref.length; i++) {
      const other = ref[i] === "A" ? "B" : "A";
      const changed = `${ref.slice(0, i)}${other}${ref.slice(i + 1)}`;
      // The last letter holds bits that belong to no byte.
      if (Buffer.from(changed, "base64url").equals(Buffer.from(ref, "base64url"))) continue;
      expect(readRef(KEY, changed, NOW), `letter ${i}`).toBeNull();
    }
    expect(readRef(randomBytes(32), ref, NOW)).toBeNull();
    for (const text of ["", "anything", `${ref}A`, "../../etc/passwd"]) expect(readRef(KEY, text, NOW)).toBeNull();
  });
});
