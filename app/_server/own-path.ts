import "server-only";

/** Where to go after a sign-in: a path of this console; whatever else an address asks for is the first page. */
export const ownPath = (to: unknown): string =>
  typeof to === "string" && /^\/(?![/\\])[^\t\r\n]*$/.test(to) ? to : "/";
