// The library's part: types by the schema, and a patch by RFC 7644. Its own faults on strange input are the sender's.
import { invalid, type Kind, type Operation } from "./input.ts";
import { Group, Messages, ScimError, User } from "./schema.ts";

type Resource = Record<string, unknown>;
const PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** @throws ScimError 400 */
export function typed(kind: Kind, given: Resource): Resource {
  return guarded(() => plain(kind === "User" ? new User(given as never, "in") : new Group(given as never, "in")));
}

/** @returns the resource after all operations, or as it was when none is left @throws ScimError 400 */
export async function patched(kind: Kind, resource: Resource, wanted: Operation[]): Promise<Resource> {
  if (wanted.length === 0) return resource;
  const { meta: _, ...before } = resource;
  const start = kind === "User" ? new User(before as never, "out") : new Group(before as never, "out");
  try {
    const patch = new Messages.PatchOp({ schemas: [PATCH_URN], Operations: wanted as never });
    const after: unknown = await patch.apply(start as never);
    return after === undefined ? resource : plain(after);
  } catch (error) {
    throw asScim(error);
  }
}

const plain = (value: unknown): Resource => JSON.parse(JSON.stringify(value)) as Resource;

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asScim(error);
  }
}

function asScim(error: unknown): Error {
  if (error instanceof ScimError) return error;
  return error instanceof TypeError || error instanceof RangeError
    ? invalid(error.message.slice(0, 300))
    : (error as Error);
}
