import type { Actor } from '../audit/actor.js';
import type { KeyInput, KeyProviderKind, KeyProviderReport } from '../gallery/keys/key-provider.js';
import type { RotationDepth, RotationState } from '../gallery/rotation/rotation-progress.js';

/** A key-encryption key in force. */
export interface KeySlotStatus {
  /** Public identifier; says nothing about the key. */
  readonly keyId: string;
  readonly provider: KeyProviderKind;
  /** False for the key that a running rotation takes out of use. */
  readonly isCurrent: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Since then, seconds. */
  readonly ageS: number;
}

/** Something a person has to know or to mend. */
export interface KeyProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** A rotation under way, or the latest one since the start of the daemon. */
export interface RotationStatus {
  readonly depth: RotationDepth;
  readonly fromKeyId: string;
  readonly toKeyId: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly state: RotationState;
  /** Data keys to be done, and done. */
  readonly total: number;
  readonly done: number;
  /** Persons and pictures of whom something did not open; their bytes were kept. */
  readonly damaged: number;
  /** Why it waits or failed. */
  readonly problem?: KeyProblem;
}

export interface KeyStatus {
  readonly state: 'open' | 'sealed';
  /** Why it is sealed. */
  readonly reason?: KeyProblem;
  /** The current key first; none in a gallery that has no key yet. */
  readonly slots: readonly KeySlotStatus[];
  readonly rotation?: RotationStatus;
}

export interface RotationRequest {
  readonly depth: RotationDepth;
  /** Where the new key comes from; absent: from where the present one does. */
  readonly provider?: KeyProviderKind;
  /** What a person typed; wiped by the caller. */
  readonly input: KeyInput;
}

/**
 * What can be asked about the gallery's key. All of it but `rotate` works while the gallery is sealed. Whoever does
 * something is written into the audit log as `actor`.
 */
export interface KeyControl {
  status(): KeyStatus;
  /** Whether each kind of provider can be used on this machine. */
  providers(): Promise<readonly KeyProviderReport[]>;
  /**
   * Gives a gallery without a key its first one and opens it.
   * @throws `key-exists` (input), and what `KeyProvider.create` throws
   */
  init(provider: KeyProviderKind, input: KeyInput, actor: Actor): Promise<KeyStatus>;
  /** Tries to open a sealed gallery; the answer tells whether it is open now, and if not, why. */
  unlock(input: KeyInput, actor: Actor): Promise<KeyStatus>;
  /**
   * Begins a rotation, which goes on in the background.
   * @throws `gallery-sealed`, `rotation-running` (input), and what `startRotation` throws
   */
  rotate(request: RotationRequest, actor: Actor): Promise<RotationStatus>;
}
