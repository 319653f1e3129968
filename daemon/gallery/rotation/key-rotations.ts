import type { Actor } from '../../audit/actor.js';
import { badInput, operational } from '../../base/errors.js';
import type { KeyInput, KeyProviderKind } from '../keys/key-provider.js';
import { resumeRotation, startRotation } from './rotation.js';
import type { RotationDepth, RotationProgress } from './rotation-progress.js';
import type { Rotation, RotationParts } from './rotation-run.js';

export interface RotationOrder {
  readonly kind: KeyProviderKind;
  readonly depth: RotationDepth;
  /** What a person typed; wiped by the caller. */
  readonly input: KeyInput;
  readonly by: Actor;
}

/**
 * The rotations of one open gallery, one at a time. To be disposed before the gallery: that stops the one that runs, which
 * goes on when the gallery is next opened.
 */
export class KeyRotations implements AsyncDisposable {
  readonly #parts: RotationParts;
  #latest: Rotation | undefined;
  #starting: Promise<Rotation> | undefined;
  #isDisposed = false;

  private constructor(parts: RotationParts, resumed: Rotation | undefined) {
    this.#parts = parts;
    this.#latest = resumed;
  }

  /** Goes on with the rotation that had not ended. @throws `gallery-damaged` */
  static async open(parts: RotationParts): Promise<KeyRotations> {
    return new KeyRotations(parts, await resumeRotation(parts));
  }

  /** Of the rotation that runs, or the latest one since the gallery was opened. */
  get progress(): RotationProgress | undefined {
    return this.#latest?.progress;
  }

  /** @throws `rotation-running`, `gallery-closed`, and what `startRotation` throws */
  async start(order: RotationOrder): Promise<Rotation> {
    if (this.#isDisposed) throw operational('gallery-closed', 'the gallery was closed');
    if (this.#starting !== undefined) {
      throw badInput('rotation-running', 'a rotation is just being started', {
        remedy: 'wait until it has ended: `rollcall key status` shows how far it is',
      });
    }
    const starting = startRotation({ ...this.#parts, ...order });
    this.#starting = starting;
    try {
      this.#latest = await starting;
      return this.#latest;
    } finally {
      this.#starting = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await Promise.allSettled([this.#starting]);
    await this.#latest?.[Symbol.asyncDispose]();
  }
}
