import type { Clock } from '../../base/clock.js';
import { operational } from '../../base/errors.js';
import { InTurn } from '../../base/in-turn.js';
import type { OwnSecretPlaces } from '../../host/own-secret.js';
import { type KeyPair, openSealed } from '../../host/sealed-box.js';
import { wipe } from '../../host/sodium.js';
import type { Signer } from '../signer.js';
import type { BoxDecryption } from './box-decryption.js';
import type { BoxKey } from './box-key.js';
import { readFormerSealingKeys, writeFormerSealingKeys } from './former-sealing-keys.js';
import { type FormerKey, type IdentityState, nextSequence, writeIdentityState } from './identity-state.js';
import { openIdentity } from './open-identity.js';
import { type NextKey, prepareNextKey, type RotationOrigin, rotatedTo } from './rotation.js';
import { type KeyPlace, settleBoxKeys } from './settle-box-keys.js';
import { signText } from './signed-text.js';

export interface IdentityOptions {
  readonly places: OwnSecretPlaces;
  readonly clock: Clock;
  /** How long a key that was replaced by hand stays in the key set, milliseconds. */
  readonly overlapMs: number;
}

/** Runs `work` while nobody signs: whoever signs is stopped before, and begins anew after, with the key in force then. */
export type InSilence = <T>(work: () => Promise<T>) => Promise<T>;

/** The keys that the box is known by. They work while the gallery is sealed. */
export class IdentityKeys implements Signer, BoxDecryption, Disposable {
  readonly #options: IdentityOptions;
  readonly #listeners = new Set<() => void>();
  #key: BoxKey;
  #isOwn: boolean;
  #state: IdentityState;
  #formerPairs: readonly KeyPair[];
  /** Whatever writes key files goes one after the other. */
  readonly #turns = new InTurn();
  /** A key that was handed over as the one in force, and is not. */
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
   * Opens the keys, finishes a rotation that was interrupted.
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

  /** Which keys are in force, and which were: public. */
  get state(): IdentityState {
    return this.#state;
  }

  sign(json: string): Promise<string> {
    return this.current().sign(json);
  }

  /** Signs with the key in force now, and with no other: once another has taken its place, it rejects with `box-key-former`. */
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

  /** Calls back whenever the key set has changed; returns how to stop. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Puts a new key in force. The former one is published for `overlapMs` longer, endorses the new one, and opens what was
   * sealed to it; it signs nothing any more. When this returns the new key survives a power cut; `settle` is to be called then.
   * What can be refused is refused before anybody is silenced. Resolves with the former keys that had to make room (at the box
   * only: see `prepareNextKey`).
   * @throws what `prepareNextKey`, `writeFormerSealingKeys` and `writeIdentityState` throw: then nothing has changed
   */
  rotate(
    overlapMs: number,
    origin: RotationOrigin = 'at-the-box',
    inSilence: InSilence = (work) => work(),
  ): Promise<readonly FormerKey[]> {
    return this.#turns.run(async () => {
      const { places } = this.#options;
      const basis = { state: this.#state, isOwn: this.#isOwn, origin };
      const next = await prepareNextKey(places, basis);
      try {
        return await inSilence(() => this.#putInForce(next, overlapMs));
      } finally {
        if (this.#key !== next.key) next.key[Symbol.dispose]();
      }
    });
  }

  /** Deletes the seed of the former key where the box may. @throws what `settleBoxKeys` throws; the next start tries again */
  settle(): Promise<KeyPlace> {
    return this.#turns.run(() => settleBoxKeys(this.#options.places, this.#state));
  }

  /** Writes down that it was recorded how the key in force came about. */
  announced(): Promise<void> {
    return this.#turns.run(async () => {
      const { unannounced: _, ...state } = this.#state;
      await writeIdentityState(this.#options.places, state);
      this.#state = state;
    });
  }

  /**
   * Forgets former keys whose overlap is over, unless it was not recorded yet how the key in force came about. The wall clock
   * alone does not decide that: a key that is forgotten is gone for good.
   */
  forgetFormer(isOver: (key: FormerKey) => boolean): Promise<void> {
    return this.#turns.run(() => this.#forget(isOver));
  }

  [Symbol.dispose](): void {
    this.#key[Symbol.dispose]();
    for (const { secretKey } of this.#formerPairs) wipe(secretKey);
  }

  async #putInForce({ key, isOwn }: NextKey, overlapMs: number): Promise<readonly FormerKey[]> {
    const { places, clock } = this.#options;
    const basis = { state: this.#state, key: this.#key, nowMs: clock.wallMs(), overlapMs };
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

  /** Deletes secret keys that belong to no former key: its time is over, or it had not become one when a rotation was cut short. */
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

/** Met by what an ended connection has left half done. */
const noLongerInForce = () =>
  operational('box-key-former', 'this key is a former one of the box, which signs nothing any more');
