// Credentials on their way to a prober. The keeper (region process, gateway) seals one tenant's batch to one holder (a
// prober process, an agent) for five minutes; the holder opens what the signed token names, and nothing else.
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import { z } from "zod";
import { TocsinError } from "../../domain/error.ts";
import { machineMs, monotonicMs } from "../clock.ts";
import { fields, IV_BYTES, TAG_BYTES } from "./bytes.ts";

export const LEASE_MS = 5 * 60_000;
/** How far a holder's clock may be behind the keeper's before its leases would last too long. */
const SKEW_MS = 30_000;
/** Holders whose agreed key is kept; a new agreement costs 0.1 ms. */
const MAX_HOLDERS = 256;

const tokenSchema = z.strictObject({
  id: z.uuid(),
  tenant: z.string().min(1).max(64),
  region: z.string().min(1).max(64),
  servers: z.array(z.string().min(1).max(64)).min(1).max(100),
  holder: z.string(),
  /** Epoch milliseconds. */
  from: z.number().int(),
  notAfter: z.number().int(),
});
type Token = z.infer<typeof tokenSchema>;

/** What travels: JSON-safe, of no use to anybody but the holder it was made for. */
export interface Lease {
  /** JSON, signed as these bytes. */
  token: string;
  /** Ed25519, base64. */
  signature: string;
  /** Server id → iv | tag | ciphertext, base64. */
  sealed: Record<string, string>;
}

export interface LeaseRequest {
  tenantId: string;
  region: string;
  /** Public key of the holder, as it says it. */
  holder: string;
  /** Server id → whatever the holder has to know, as one string: it is not looked into. */
  secrets: ReadonlyMap<string, string>;
}

export interface LeaseKeeper {
  /** Ed25519, base64 DER: what holders check tokens with. */
  readonly signedBy: string;
  /** X25519, base64 DER: the keeper's half of the agreement. */
  readonly agreesWith: string;
  issue(request: LeaseRequest): Lease;
  /** A holder is gone: its agreed key is overwritten. */
  forget(holder: string): void;
}

export interface OpenLease {
  readonly tenantId: string;
  readonly region: string;
  /** @throws TocsinError E_FORBIDDEN after its time, once closed, for another tenant or for a server it does not name */
  open(tenantId: string, serverId: string): Buffer;
  /** Overwrites the lease's key; whatever was opened is the caller's to overwrite. */
  close(): void;
}

export interface LeaseHolder {
  /** X25519, base64 DER; tell it to the keeper. */
  readonly publicKey: string;
  /** @throws TocsinError E_FORBIDDEN for a token that was not signed by this keeper for this holder, or whose time is over */
  accept(lease: Lease, keeper: Pick<LeaseKeeper, "signedBy" | "agreesWith">): OpenLease;
}

/** For tests: leases are about time. */
export interface LeaseClock {
  wallMs(): number;
  monotonicMs(): number;
}
const CLOCK: LeaseClock = { wallMs: machineMs, monotonicMs };

/** Made once per process; its keys never leave it, so a lease ends with the process that gave it at the latest. */
export function leaseKeeper(clock: LeaseClock = CLOCK): LeaseKeeper {
  const signing = generateKeyPairSync("ed25519");
  const agreeing = generateKeyPairSync("x25519");
  const agreed = new Map<string, Buffer>();
  const sharedWith = (holder: string): Buffer => {
    const known = agreed.get(holder);
    if (known) return known;
    const oldest = agreed.size >= MAX_HOLDERS ? agreed.keys().next().value : undefined;
    if (oldest !== undefined) forget(oldest);
    const shared = agree(agreeing.privateKey, holder);
    agreed.set(holder, shared);
    return shared;
  };
  const forget = (holder: string) => {
    agreed.get(holder)?.fill(0);
    agreed.delete(holder);
  };
  return {
    signedBy: exported(signing.publicKey),
    agreesWith: exported(agreeing.publicKey),
    issue({ tenantId, region, holder, secrets }) {
      const from = clock.wallMs();
      const token: Token = {
        id: randomUUID(),
        tenant: tenantId,
        region,
        servers: [...secrets.keys()],
        holder,
        from,
        notAfter: from + LEASE_MS,
      };
      const text = JSON.stringify(token);
      const key = leaseKey(sharedWith(holder), text);
      const sealed: Record<string, string> = {};
      for (const [serverId, secret] of secrets) {
        const iv = randomBytes(IV_BYTES);
        const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
        cipher.setAAD(aadOf(token, serverId));
        const body = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
        sealed[serverId] = Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64");
      }
      key.fill(0);
      return { token: text, signature: sign(null, Buffer.from(text), signing.privateKey).toString("base64"), sealed };
    },
    forget,
  };
}

export function leaseHolder(clock: LeaseClock = CLOCK): LeaseHolder {
  const own = generateKeyPairSync("x25519");
  const publicKey = exported(own.publicKey);
  let known: { keeper: string; signedBy: KeyObject; shared: Buffer } | null = null;
  const meet = ({ signedBy, agreesWith }: Pick<LeaseKeeper, "signedBy" | "agreesWith">) => {
    const keeper = `${signedBy} ${agreesWith}`;
    if (known?.keeper !== keeper) {
      known?.shared.fill(0);
      known = { keeper, signedBy: imported(signedBy), shared: agree(own.privateKey, agreesWith) };
    }
    return known;
  };
  return {
    publicKey,
    accept(lease, keeper) {
      const { signedBy, shared } = meet(keeper);
      const text = Buffer.from(lease.token);
      if (!verify(null, text, signedBy, Buffer.from(lease.signature, "base64"))) throw refused("signature");
      const token = tokenSchema.parse(JSON.parse(lease.token));
      if (token.holder !== publicKey) throw refused("made for another holder");
      const wall = clock.wallMs();
      const mono = clock.monotonicMs();
      // Longer than a lease may last, by its own word or by our clock: then the clock is wrong, and would keep it alive.
      if (token.notAfter - token.from > LEASE_MS || token.notAfter - wall > LEASE_MS + SKEW_MS)
        throw refused("lasts too long");
      const leftMs = token.notAfter - wall;
      const key = leaseKey(shared, lease.token);
      let closed = false;
      const close = () => {
        closed = true;
        key.fill(0);
      };
      // Both clocks: the wall may be set back, the monotonic one may rest while the machine sleeps.
      const over = () => clock.wallMs() >= token.notAfter || clock.monotonicMs() - mono >= leftMs;
      if (over()) {
        close();
        throw refused("its time is over");
      }
      return {
        tenantId: token.tenant,
        region: token.region,
        open(tenantId, serverId) {
          if (closed) throw refused("closed");
          if (over()) {
            close();
            throw refused("its time is over");
          }
          if (tenantId !== token.tenant || !token.servers.includes(serverId)) throw refused("not of this lease");
          const bytes = Buffer.from(lease.sealed[serverId] ?? "", "base64");
          if (bytes.length < IV_BYTES + TAG_BYTES) throw refused("cut short");
          const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES), {
            authTagLength: TAG_BYTES,
          });
          decipher.setAAD(aadOf(token, serverId));
          decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
          const head = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
          try {
            decipher.final(); // Nothing of update() is used before the tag has been checked.
          } catch (cause) {
            head.fill(0);
            throw refused("altered", cause);
          }
          return head;
        },
        close,
      };
    },
  };
}

const exported = (key: KeyObject): string => key.export({ format: "der", type: "spki" }).toString("base64");
const imported = (key: string): KeyObject =>
  createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" });
const agree = (privateKey: KeyObject, theirs: string): Buffer =>
  diffieHellman({ privateKey, publicKey: imported(theirs) });
/** The whole token goes in: a key fits one token only. */
const leaseKey = (shared: Buffer, token: string): Buffer =>
  Buffer.from(hkdfSync("sha256", shared, Buffer.from(token), "tocsin lease v1", 32));
const aadOf = (token: Token, serverId: string): Buffer =>
  fields("tocsin lease", token.tenant, serverId, token.region, token.id);

function refused(detail: string, cause?: unknown): TocsinError {
  return new TocsinError("E_FORBIDDEN", "This lease does not open the credential: it has to be asked for again.", {
    detail: `lease: ${detail}`,
    cause,
  });
}
