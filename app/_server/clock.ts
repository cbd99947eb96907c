import "server-only";

export { now } from "#lib/adapters/clock";
