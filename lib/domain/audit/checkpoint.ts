// A checkpoint: one signed line that stands for every tenant's log at one moment. Copies outside the database are what
// finds a forger who recomputes a whole chain, because nobody with only the database can sign.
import { createHash, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const HeadSchema = z.object({ tenantId: z.uuid(), seq: z.int().min(1), hash: hex32 });

export const CheckpointSchema = z.object({
  no: z.int().min(1),
  /** ISO 8601, UTC, milliseconds */
  at: z.iso.datetime(),
  /** How many heads are under the root. */
  treeSize: z.int().min(0),
  root: hex32,
  /** Hash of the checkpoint before; CHECKPOINT_GENESIS before the first. */
  prev: hex32,
  /** SHA-256 of the signed text. */
  hash: hex32,
  /** Ed25519 over the text, hex. */
  signature: z.string().regex(/^[0-9a-f]{128}$/),
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  /** `heads` are all of them, not only those that moved since the checkpoint before. */
  full: z.boolean().optional(),
  heads: z.array(HeadSchema).optional(),
  /** In an export of one tenant: its own head with the path to the root. */
  own: HeadSchema.extend({ index: z.int().min(0), path: z.array(hex32).max(64) }).optional(),
});
export type Checkpoint = z.infer<typeof CheckpointSchema>;
export type CheckpointClaim = Pick<Checkpoint, "no" | "at" | "treeSize" | "root" | "prev">;

export const CHECKPOINT_EVERY_MS = 60_000;
/** A longer silence between two checkpoints is a finding. */
export const CHECKPOINT_GAP_MS = 180_000;
export const CHECKPOINT_GENESIS = hash("sha256", "tocsin-audit-checkpoint:genesis", "hex");

/** The exact bytes that are signed. */
export function checkpointText(c: CheckpointClaim): string {
  return `tocsin-audit-checkpoint\n${c.no}\n${c.treeSize}\n${c.root}\n${c.prev}\n${c.at}`;
}

export const checkpointHash = (c: CheckpointClaim): string => hash("sha256", checkpointText(c), "hex");

/** First 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);
}

export function signCheckpoint(claim: CheckpointClaim, privateKey: KeyObject): Checkpoint {
  const signature = sign(null, Buffer.from(checkpointText(claim)), privateKey).toString("hex");
  return { ...claim, hash: checkpointHash(claim), signature, keyId: keyIdOf(createPublicKey(privateKey)) };
}

/** Keys by id, as read from one text of PEM blocks: an old key stays in the file when a new one comes. @throws Error for what is no Ed25519 key */
export function publicKeys(pem: string): Map<string, KeyObject> {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
  return new Map(
    blocks.map((block) => {
      const key = createPublicKey(block);
      if (key.asymmetricKeyType !== "ed25519") throw new Error("not an Ed25519 public key");
      return [keyIdOf(key), key];
    }),
  );
}

export function signatureHolds(c: Checkpoint, keys: ReadonlyMap<string, KeyObject>): boolean {
  const key = keys.get(c.keyId);
  return key !== undefined && verify(null, Buffer.from(checkpointText(c)), key, Buffer.from(c.signature, "hex"));
}
