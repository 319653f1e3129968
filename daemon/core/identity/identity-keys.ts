import type { OwnSecretPlaces } from '../../host/own-secret.js';
import { type KeyPair, openSealed } from '../../host/sealed-box.js';
import { wipe } from '../../host/sodium.js';
import type { Clock } from '../../kernel/clock.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { failure } from '../../words/errors.js';
import type { Signer } from '../delivery/signer.js';
import type { BoxKey } from './box-key.js';
import { type KeyPlace, settleBoxKeys } from './box-key-search.js';
import { readFormerSealingKeys, writeFormerSealingKeys } from './former-sealing-keys.js';
import { type FormerKey, type IdentityState, nextSequence, writeIdentityState } from './identity-state.js';
import { openIdentity } from './open-identity.js';
import {
  type NextKey,
  prepareNextKey,
  type RotationBasis,
  type RotationOrigin,
  rotatedTo,
} from './rotation.js';
import { signText } from './signed-text.js';

/** Opens messages that were sealed to the X25519 key of the box, or to a former one that is still in the key set. */
export interface BoxDecryption {
  /**
   * The content of `sealed` (crypto_box_seal of libsodium), in memory made for keys. The caller wipes it. Undefined where it
   * was sealed to another key or altered.
   */
  open(sealed: Uint8Array): Uint8Array | undefined;
}

export interface IdentityOptions {
  readonly places: OwnSecretPlaces;
  readonly clock: Clock;
  /** How long a former key that was replaced by hand stays in the key set, milliseconds. */
  readonly overlapMs: number;
}

/** Runs `work` while nothing is signed: stops all signers first, and restarts them afterwards with the key then in force. */
export type WithoutSigning = <T>(work: () => Promise<T>) => Promise<T>;

/** The identity keys of the box: sign its messages and open what is sealed to it. They also work while the gallery is sealed. */
export class IdentityKeys implements Signer, BoxDecryption, Disposable {
  readonly #options: IdentityOptions;
  readonly #listeners = new Set<() => void>();
  #key: BoxKey;
  #isOwn: boolean;
  #state: IdentityState;
  #formerPairs: readonly KeyPair[];
  /** Operations that write key files run one after the other. */
  readonly #turns = new SerialQueue();
  /** A key that was handed over as the key in force but is not used. */
  readonly ignoredKeyId: string | undefined;

  private constructor(
    options: IdentityOptions,
    opened: Awaited<ReturnType<typeof openIdentity>>,
    pairs: readonly KeyPair[],
  ) {
    this.#options = options;
    this.#key = opened.key;
    this.#isOwn = opened.isOwn;
    this.#state = opened.state;
    this.#formerPairs = pairs;
    this.ignoredKeyId = opened.ignoredKeyId;
  }

  /**
   * Opens the keys and finishes an interrupted rotation.
   * @throws what `openIdentity`, `readFormerSealingKeys` and `settleBoxKeys` throw
   */
  static async open(options: IdentityOptions): Promise<IdentityKeys> {
    const { places, clock, overlapMs } = options;
    const opened = await openIdentity(places, { nowMs: clock.wallMs(), overlapMs });
    const keys = new IdentityKeys(options, opened, await readFormerSealingKeys(places));
    await settleBoxKeys(places, opened.state);
    await keys.#dropUnknown();
    return keys;
  }

  /** The key in force and the former keys. Holds public data only. */
  get state(): IdentityState {
    return this.#state;
  }

  sign(json: string): Promise<string> {
    return this.current().sign(json);
  }

  /** A signer with the present key only. It rejects with `box-key-former` after a rotation. */
  current(): Signer {
    const key = this.#key;
    return {
      sign: async (json) => {
        if (key !== this.#key) throw noLongerInForce();
        return signText(json, key, this.#options.clock.wallMs());
      },
    };
  }

  open(sealed: Uint8Array): Uint8Array | undefined {
    for (const pair of [this.#key.sealingPair, ...this.#formerPairs]) {
      const message = openSealed(pair, sealed);
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** Calls back whenever the key set has changed; returns a function that stops it. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Puts a new key in force. The former key stays in the key set for `overlapMs`, endorses the new key, and opens what was
   * sealed to it; it signs no more messages. When this resolves, the new key survives a power cut; the caller then calls
   * `settle`. All refusals come before signing is stopped. Resolves with former keys that were dropped to make room (at the
   * box only: see `prepareNextKey`).
   * @throws what `prepareNextKey`, `writeFormerSealingKeys` and `writeIdentityState` throw; nothing has changed then
   */
  rotate(
    overlapMs: number,
    origin: RotationOrigin = 'at-the-box',
    withoutSigning: WithoutSigning = (work) => work(),
  ): Promise<readonly FormerKey[]> {
    return this.#turns.run(async () => {
      const { places } = this.#options;
      const basis = { state: this.#state, isOwn: this.#isOwn, origin };
      const next = await prepareNextKey(places, basis);
      try {
        return await withoutSigning(() => this.#putInForce(next, { overlapMs }));
      } finally {
        if (this.#key !== next.key) next.key[Symbol.dispose]();
      }
    });
  }

  /**
   * Puts a new key in force because this box takes the place of another one that may still hold the present key: from now on,
   * nothing that this key or a former one signs counts. They stay in the key set for `overlapMs`, so that centres can follow.
   * @throws like `rotate`
   */
  succeed(overlapMs: number): Promise<readonly FormerKey[]> {
    return this.#turns.run(async () => {
      const { places } = this.#options;
      const basis = { state: this.#state, isOwn: this.#isOwn, origin: 'at-the-box' } as const;
      const next = await prepareNextKey(places, basis);
      return this.#putInForce(next, { overlapMs, isEnded: true });
    });
  }

  /** Deletes the seed of the former key where the box may. The next start tries again. @throws what `settleBoxKeys` throws */
  settle(): Promise<KeyPlace> {
    return this.#turns.run(() => settleBoxKeys(this.#options.places, this.#state));
  }

  /** Notes that the event about the key in force has been recorded. */
  announced(): Promise<void> {
    return this.#turns.run(async () => {
      const { unannounced: _, ...state } = this.#state;
      await writeIdentityState(this.#options.places, state);
      this.#state = state;
    });
  }

  /**
   * Forgets former keys whose overlap is over. Does nothing before the event about the key in force has been recorded. The
   * caller decides by more than the wall clock, because a forgotten key is lost.
   */
  forgetFormer(isOver: (key: FormerKey) => boolean): Promise<void> {
    return this.#turns.run(() => this.#forget(isOver));
  }

  [Symbol.dispose](): void {
    this.#key[Symbol.dispose]();
    for (const { secretKey } of this.#formerPairs) wipe(secretKey);
  }

  async #putInForce(
    { key, isOwn }: NextKey,
    terms: Pick<RotationBasis, 'overlapMs' | 'isEnded'>,
  ): Promise<readonly FormerKey[]> {
    const { places, clock } = this.#options;
    const basis = { state: this.#state, key: this.#key, nowMs: clock.wallMs(), ...terms };
    const { state, dropped } = await rotatedTo(key, basis);
    const pairs = [this.#key.sealingPair, ...this.#formerPairs];
    await writeFormerSealingKeys(places, pairs);
    await writeIdentityState(places, state);
    this.#key = key;
    this.#isOwn = isOwn;
    this.#state = state;
    this.#formerPairs = pairs;
    this.#changed();
    return dropped;
  }

  async #forget(isOver: (key: FormerKey) => boolean): Promise<void> {
    if (this.#state.unannounced !== undefined) return;
    const { places, clock } = this.#options;
    const former = this.#state.former.filter((key) => !isOver(key));
    if (former.length < this.#state.former.length) {
      const state = { ...this.#state, sequence: nextSequence(this.#state, clock.wallMs()), former };
      await writeIdentityState(places, state);
      this.#state = state;
      this.#changed();
    }
    await this.#dropUnknown();
  }

  /** Deletes secret keys of forgotten former keys and of an interrupted rotation. */
  async #dropUnknown(): Promise<void> {
    const known = new Set(this.#state.former.map(({ sealing }) => sealing));
    const isKnown = ({ publicKey }: KeyPair): boolean =>
      known.has(Buffer.from(publicKey).toString('base64url'));
    const kept = this.#formerPairs.filter(isKnown);
    if (kept.length === this.#formerPairs.length) return;
    await writeFormerSealingKeys(this.#options.places, kept);
    for (const pair of this.#formerPairs) if (!kept.includes(pair)) wipe(pair.secretKey);
    this.#formerPairs = kept;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Work that an ended connection left half done gets this error. */
const noLongerInForce = () => failure('box-key-former');
