import { createHash } from 'node:crypto';
import { deriveKey, keyedHash } from '../../host/keyed-hash.js';
import { areEqual, fillRandomly, KEY_BYTES, wipe } from '../../host/sodium.js';

export type GrantKind = 'trusted-key' | 'camera-switch';

/** Something that grants power: a key whose commands are executed, a camera that a centre switched. */
export interface Grant {
  readonly kind: GrantKind;
  /** Of the key, or of the camera. */
  readonly id: string;
  /** JSON. */
  readonly content: string;
}

export interface GrantRow extends Grant {
  /** `<site>/<box>` that it was granted on. */
  readonly box: string;
  /** Of the whole set: grows with each change of it. */
  readonly revision: number;
  readonly seal: Uint8Array;
}

/** A command that waits, as far as its seal speaks for it. */
export interface SealedCommand {
  readonly issuerId: string;
  readonly commandId: string;
  readonly keyId: string;
  readonly name: string;
  readonly arguments: string;
  readonly claimsHash: Uint8Array;
  readonly expiresAtMs: number;
}

const use = 'rollcall records grants 1';

/**
 * Seals what grants power in records.db (HMAC-SHA-256). The keys are derived from those of the audit log: that key is there
 * whenever the daemon runs, also while the gallery is sealed; it stays the same when the box changes its identity; and the log
 * is what the rows are compared with, so that a box which lost the one can rely on neither.
 */
export class GrantSeal implements Disposable {
  /** `<site>/<box>`. */
  readonly box: string;
  readonly #key: Uint8Array;
  readonly #formerKeys: readonly Uint8Array[];

  /** `auditKeys`: the one in use first, then those of earlier times; they stay the caller's. */
  constructor(box: string, auditKeys: readonly Uint8Array[]) {
    this.box = box;
    const [key, ...formerKeys] = auditKeys.map((each) => deriveKey(each, use));
    this.#key = key ?? randomKey();
    this.#formerKeys = formerKeys;
  }

  seal(grant: Grant, revision: number): Uint8Array {
    return sealOf(this.#key, { ...grant, revision, box: this.box });
  }

  /** Under which key this program sealed the row; undefined: it did not. */
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

  [Symbol.dispose](): void {
    for (const key of [this.#key, ...this.#formerKeys]) wipe(key);
  }
}

/** 32 hexadecimal digits that name a set of grants, in whatever order they come. */
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

function randomKey(): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  fillRandomly(key);
  return key;
}
