// What the sink inbox shows of mails, read as a person would: the newest link that asks an address to confirm.
import { expect } from "@playwright/test";
import { at } from "./where.ts";

/** @returns path and query of the link in the newest mail to this address */
export async function confirmationFor(address: string): Promise<string> {
  expect(at.inbox, "the sink inbox belongs to the product as it is started").toBeTruthy();
  const pattern = new RegExp(`to [^<]*${address.replaceAll(".", "\\.")}[\\s\\S]*?(/prove\\?link=[\\w.-]+)`);
  let link = "";
  await expect
    .poll(
      async () => {
        link = pattern.exec(await (await fetch(at.inbox ?? "")).text())?.[1] ?? "";
        return link;
      },
      { timeout: 20_000 },
    )
    .not.toBe("");
  return link;
}
