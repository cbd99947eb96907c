// Waiting for a part to answer, and for nothing longer than it may take.
import type { Child } from "./child.ts";
import { Problem } from "./problem.ts";

/** Waits until the URL answers with a status below `under`; @throws Problem when the child ends or time is over */
export async function answersHttp(child: Child, url: string, withinMs = 60_000, under = 500): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    if (child.hasExited())
      throw new Problem(
        `${child.name} ended while it started (${await child.exited}): its last words are below.`,
        child.logTail(),
      );
    const status = await fetch(url, { signal: AbortSignal.timeout(2_000), redirect: "manual" }).then(
      (response) => response.status,
      () => 0,
    );
    if (status > 0 && status < under) return;
    if (performance.now() > end)
      throw new Problem(
        `${child.name} did not answer at ${url} within ${withinMs / 1000} s: its last words are below.`,
        child.logTail(),
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits for a promise, the child's end or the time's, whichever comes first. */
export async function orEnds<T>(child: Child, promise: Promise<T>, withinMs = 60_000): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const handle = setTimeout(
    () =>
      timer.reject(
        new Problem(
          `${child.name} did not get ready within ${withinMs / 1000} s: its last words are below.`,
          child.logTail(),
        ),
      ),
    withinMs,
  );
  const ended = child.exited.then((how) => {
    throw new Problem(`${child.name} ended while it started (${how}): its last words are below.`, child.logTail());
  });
  ended.catch(() => {});
  try {
    return await Promise.race([promise, ended, timer.promise]);
  } finally {
    clearTimeout(handle);
  }
}
