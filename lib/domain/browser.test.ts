import { expect, test } from "vitest";
import { browserWords } from "./browser.ts";

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150 Safari/537.36 Edg/150",
    "Edge on Windows",
  ],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/19 Safari/605", "Safari on macOS"],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 CriOS/150 Mobile Safari/605",
    "Chrome on iPhone",
  ],
  ["Mozilla/5.0 (Android 16; Mobile) Gecko/140 Firefox/140", "Firefox on Android"],
  ["curl/8.9", "A program that is no known browser"],
  ["", "A program that is no known browser"],
  ["Mozilla/5.0 (X11; Linux x86_64)", "A browser on Linux"],
])("%s", (userAgent, words) => expect(browserWords(userAgent)).toBe(words));
