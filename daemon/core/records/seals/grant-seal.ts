import { createHash } from 'node:crypto';
import { hkdfKey, keyedHash } from '../../../host/keyed-hash.js';
import { areEqual, fillRandomly, KEY_BYTES, wipe } from '../../../host/sodium.js';

export type GrantKind = 'trusted-key' | 'camera-switch' | 'alert-channel';

/** A permission: a key whose commands are executed, a camera that a centre switched, or the version of an alert channel. */
export interface Grant {
  readonly kind: GrantKind;
  /** Id of the key, of the camera or of the channel. */
  readonly id: string;
  /** JSON. */
  readonly content: string;
}

export interface GrantRow extends Grant {
  /** `<site>/<box>` of the box that granted it. */
  readonly box: string;
  /** Revision of the whole set; grows with each change. */
  readonly revision: number;
  readonly seal: Uint8Array;
}

/** The fields of a waiting command that its seal covers. */
interface SealedCommand {
  readonly issuerId: string;
  readonly commandId: string;
  readonly keyId: string;
  readonly name: string;
  readonly arguments: string;
  readonly claimsHash: Uint8Array;
  readonly expiresAtMs: number;
}

/** The fields of a mute that its seal covers. */
interface SealedMute {
  readonly ruleId: string;
  readonly untilMs: number;
  readonly by: string;
  readonly sinceMs: number;
}

const use = 'rollcall records grants 1';

/**
 * Seals grants, waiting commands and mutes of alerts in records.db (HMAC-SHA-256). The keys are derived from those of the audit log. The key of
 * the log is available whenever the daemon runs, also while the gallery is sealed, and stays when the box changes its identity.
 * The rows are compared with the log, so losing its key makes both worthless anyway.
 */
export class GrantSeal implements Disposable {
  /** `<site>/<box>`. */
  readonly box: string;
  readonly #key: Uint8Array;
  readonly #formerKeys: readonly Uint8Array[];

  /** `auditKeys`: the current key first, then former ones. The caller keeps and wipes them. */
  constructor(box: string, auditKeys: readonly Uint8Array[]) {
    this.box = box;
    const [key, ...formerKeys] = auditKeys.map((each) => hkdfKey(each, use));
    this.#key = key ?? randomKey();
    this.#formerKeys = formerKeys;
  }

  seal(grant: Grant, revision: number): Uint8Array {
    return sealOf(this.#key, { ...grant, revision, box: this.box });
  }

  /** The key that sealed the row; undefined if none of this program's keys did. */
  judge(row: GrantRow): 'key in use' | 'former key' | undefined {
    if (areEqual(sealOf(this.#key, row), row.seal)) return 'key in use';
    return this.#formerKeys.some((key) => areEqual(sealOf(key, row), row.seal)) ? 'former key' : undefined;
  }

  sealCommand(command: SealedCommand): Uint8Array {
    return commandSealOf(this.#key, this.box, command);
  }

  isGenuine(command: SealedCommand & { readonly seal: Uint8Array | null }): boolean {
    const { seal } = command;
    if (seal === null) return false;
    return [this.#key, ...this.#formerKeys].some((key) =>
      areEqual(commandSealOf(key, this.box, command), seal),
    );
  }

  sealMute(mute: SealedMute): Uint8Array {
    return muteSealOf(this.#key, this.box, mute);
  }

  isGenuineMute(mute: SealedMute & { readonly seal: Uint8Array | null }): boolean {
    const { seal } = mute;
    if (seal === null) return false;
    return [this.#key, ...this.#formerKeys].some((key) => areEqual(muteSealOf(key, this.box, mute), seal));
  }

  [Symbol.dispose](): void {
    for (const key of [this.#key, ...this.#formerKeys]) wipe(key);
  }
}

/** A digest of a set of grants (32 hexadecimal digits) that does not depend on their order. */
export function digestOf(grants: readonly Grant[]): string {
  const parts = grants.map(({ kind, id, content }) => JSON.stringify([kind, id, content])).sort();
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function sealOf(key: Uint8Array, { kind, id, content, box, revision }: Omit<GrantRow, 'seal'>): Uint8Array {
  return keyedHash(key, 'granted', [kind, id, box, revision, content]);
}

function commandSealOf(key: Uint8Array, box: string, command: SealedCommand): Uint8Array {
  const { issuerId, commandId, keyId, name, claimsHash, expiresAtMs } = command;
  return keyedHash(key, 'command', [
    box,
    issuerId,
    commandId,
    keyId,
    name,
    claimsHash,
    expiresAtMs,
    command.arguments,
  ]);
}

function muteSealOf(key: Uint8Array, box: string, { ruleId, untilMs, by, sinceMs }: SealedMute): Uint8Array {
  return keyedHash(key, 'mute', [box, ruleId, untilMs, by, sinceMs]);
}

function randomKey(): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  fillRandomly(key);
  return key;
}
