import {
  decrypt,
  encrypt,
  fillRandomly,
  hashPassphrase,
  KEY_BYTES,
  NONCE_BYTES,
  newRandomBytes,
  type PassphraseCost,
  SALT_BYTES,
  secretBytes,
  TAG_BYTES,
  wipe,
} from '../../../host/sodium.js';
import type { Clock } from '../../../kernel/clock.js';
import { messageOf } from '../../../kernel/errors.js';
import { failure, refusal } from '../../../words/errors.js';
import { keyIdOf } from './key-id.js';
import type {
  CreatedKey,
  InspectableKeyProvider,
  KeyInput,
  KeyProviderReport,
  KeyRecovery,
  KeySlotParameters,
} from './key-provider.js';
import { MOST_MEMORY_BYTES, MOST_PASSES, tunePassphraseCost } from './passphrase-cost.js';
import { MOST_PASSPHRASE_BYTES, refuseWeakPassphrase } from './passphrase-rules.js';
import { refusedBy, slotDamaged } from './refusals.js';
import { slotBytes, slotNumber, toSlotText } from './slot-bytes.js';
import { WaitingLine } from './waiting-line.js';

/** An attempt takes up to 256 MiB for a second: one runs, and few may wait. */
const mostWaiting = 8;

/** The wrapped KEK is bound to this text and to its id. */
const wrapPurpose = 'rollcall passphrase key slot 1';

export interface PassphraseKeyProviderOptions {
  readonly clock: Clock;
  /** Memory that is available without swapping, in bytes. By default from the system and its limits. */
  readonly availableBytes?: () => number;
  /** By default measured when a key is created, so that an attempt takes about a second. */
  readonly cost?: PassphraseCost;
}

interface Slot {
  readonly cost: PassphraseCost;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly wrapped: Uint8Array;
}

/**
 * A random KEK, wrapped (XChaCha20-Poly1305) under a key derived from a passphrase (Argon2id, RFC 9106) and stored in the
 * gallery. Only the cost of each attempt limits guessing.
 */
export class PassphraseKeyProvider implements InspectableKeyProvider {
  readonly kind = 'passphrase';
  readonly description = 'a passphrase';
  readonly #clock: Clock;
  readonly #availableBytes: () => number;
  readonly #cost: PassphraseCost | undefined;
  readonly #line = new WaitingLine(mostWaiting);

  constructor(options: PassphraseKeyProviderOptions) {
    this.#clock = options.clock;
    this.#availableBytes = options.availableBytes ?? (() => process.availableMemory());
    this.#cost = options.cost;
  }

  async create(_purpose: 'first' | 'rotation', { passphrase }: KeyInput): Promise<CreatedKey> {
    if (passphrase === undefined || passphrase.length === 0) {
      throw refusal('passphrase-needed');
    }
    refuseWeakPassphrase(passphrase);
    return this.#line.run(() => this.#wrapNew(passphrase));
  }

  async recover(
    keyId: string,
    parameters: KeySlotParameters,
    { passphrase }: KeyInput,
  ): Promise<KeyRecovery> {
    const slot = readSlot(parameters);
    if (slot === undefined) return slotDamaged(this.kind);
    if (passphrase === undefined || passphrase.length === 0) return { outcome: 'passphrase-needed' };
    if (passphrase.length > MOST_PASSPHRASE_BYTES) return wrongPassphrase;
    try {
      const kek = await this.#line.run(() => unwrap(keyId, slot, passphrase));
      return kek === undefined ? wrongPassphrase : { outcome: 'recovered', kek };
    } catch (error) {
      return refusedBy(error);
    }
  }

  async settle(): Promise<void> {
    // Nothing to do: the gallery itself deletes the old slot.
  }

  async inspect(): Promise<KeyProviderReport> {
    return {
      kind: this.kind,
      description: this.description,
      isUsable: true,
      message: 'works on every machine; must be entered after every start',
    };
  }

  async #wrapNew(passphrase: Uint8Array): Promise<CreatedKey> {
    const salt = newRandomBytes(SALT_BYTES);
    const cost = this.#cost ?? (await tunePassphraseCost(this.#availableBytes(), (each) => this.#time(each)));
    const nonce = newRandomBytes(NONCE_BYTES);
    const wrapping = await hash(passphrase, salt, cost);
    const kek = secretBytes(KEY_BYTES);
    try {
      fillRandomly(kek);
      const wrapped = encrypt(wrapping, nonce, kek, associatedData(keyIdOf(kek)));
      const parameters = {
        passes: cost.passes,
        memoryBytes: cost.memoryBytes,
        salt: toSlotText(salt),
        nonce: toSlotText(nonce),
        wrapped: toSlotText(wrapped),
      };
      return { kek, parameters };
    } finally {
      wipe(wrapping);
    }
  }

  /** Milliseconds that one attempt takes. */
  async #time(cost: PassphraseCost): Promise<number> {
    const sinceMs = this.#clock.monotonicMs();
    wipe(await hash(Uint8Array.of(0), new Uint8Array(SALT_BYTES), cost));
    return this.#clock.monotonicMs() - sinceMs;
  }
}

/** The same for every wrong passphrase. */
const wrongPassphrase: KeyRecovery = {
  outcome: 'refused',
  code: 'wrong-passphrase',
  message: 'the passphrase does not open the gallery',
  remedy: 'Enter the passphrase that was chosen last. Without it, only a backup can be restored.',
};

/** Undefined for parameters that this provider does not write: an altered database must not cost the box unlimited time. */
function readSlot(parameters: KeySlotParameters): Slot | undefined {
  const passes = slotNumber(parameters, 'passes', 1, MOST_PASSES);
  // Argon2 needs 8 blocks of 1 KiB.
  const memoryBytes = slotNumber(parameters, 'memoryBytes', 8 * 1024, MOST_MEMORY_BYTES);
  const salt = slotBytes(parameters, 'salt', SALT_BYTES);
  const nonce = slotBytes(parameters, 'nonce', NONCE_BYTES);
  const wrapped = slotBytes(parameters, 'wrapped', KEY_BYTES + TAG_BYTES);
  if (passes === undefined || memoryBytes === undefined) return undefined;
  if (salt === undefined || nonce === undefined || wrapped === undefined) return undefined;
  return { cost: { passes, memoryBytes }, salt, nonce, wrapped };
}

async function unwrap(keyId: string, slot: Slot, passphrase: Uint8Array): Promise<Uint8Array | undefined> {
  const wrapping = await hash(passphrase, slot.salt, slot.cost);
  const opened = decrypt(wrapping, slot.nonce, slot.wrapped, associatedData(keyId));
  wipe(wrapping);
  if (opened === undefined) return undefined;
  const kek = secretBytes(KEY_BYTES);
  kek.set(opened);
  wipe(opened);
  return kek;
}

/** @throws `passphrase-not-hashed` if there is too little memory */
async function hash(passphrase: Uint8Array, salt: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  try {
    return await hashPassphrase(passphrase, salt, cost);
  } catch (error) {
    const { memoryBytes } = cost;
    throw failure(
      'passphrase-not-hashed',
      { reason: messageOf(error), memoryBytes: Math.ceil(memoryBytes / 1024 / 1024) },
      { details: { memoryBytes }, cause: error, retryable: true },
    );
  }
}

function associatedData(keyId: string): Uint8Array {
  return Buffer.from(`${wrapPurpose}\n${keyId}`, 'utf8');
}
