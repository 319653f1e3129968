import type { Fault } from '../../contract/api-errors.js';
import type { Handlers } from '../../contract/handlers.js';
import type { KeyRotation, KeyStatus, keyOperations } from '../../contract/keys.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { GalleryVault } from './gallery-vault.js';
import type { KeyInput, KeyProviderReport } from './keys/key-provider.js';
import { describeProviders } from './keys/key-providers.js';
import type { RotationDepth, RotationProgress } from './rotation/rotation-job.js';

export interface RotationRequest {
  readonly depth: RotationDepth;
  /** The provider of the new key. Default: the provider of the present key. */
  readonly provider?: KeyProviderKind | undefined;
  /** The caller wipes it. */
  readonly input: KeyInput;
}

/** The operations on the keys of the gallery. */
export function keyHandlers(keys: GalleryKeys): Handlers<typeof keyOperations> {
  return {
    'keys.show': () => keys.status(),
    'keys.providers': () => keys.providers(),
    'keys.create': ({ provider, passphrase }, { caller }) =>
      keys.init(provider, present({ passphrase }), caller),
    'keys.unlock': ({ passphrase }, { caller }) => keys.unlock(present({ passphrase }), caller),
    'keys.rotate': ({ depth, provider, passphrase }, { caller }) =>
      keys.rotate({ depth, provider, input: present({ passphrase }) }, caller),
  };
}

/** The keys of the gallery. All but `rotate` works while the gallery is sealed. Audit entries name the actor. */
export class GalleryKeys {
  readonly #vault: GalleryVault;
  readonly #clock: Clock;

  constructor({ vault, clock }: { readonly vault: GalleryVault; readonly clock: Clock }) {
    this.#vault = vault;
    this.#clock = clock;
  }

  status(): KeyStatus {
    const { keySlots, open, sealed } = this.#vault;
    const nowMs = this.#clock.wallMs();
    const slots = keySlots.map(({ keyId, provider, isCurrent, createdAtMs }) => {
      const ageS = Math.max(0, (nowMs - createdAtMs) / 1000);
      return { keyId, provider, isCurrent, createdAt: isoTime(createdAtMs), ageS };
    });
    const rotation = open?.rotations.progress;
    return {
      state: open === undefined ? 'sealed' : 'open',
      slots,
      ...present({
        reason: sealed && describeProblem(sealed),
        rotation: rotation && describeProgress(rotation),
      }),
    };
  }

  /** Reports which kinds of providers work on this machine. */
  providers(): Promise<readonly KeyProviderReport[]> {
    return describeProviders(this.#vault.providers);
  }

  /**
   * Gives a gallery without a key its first one and opens it.
   * @throws `key-exists` (input), and the errors of `KeyProvider.create`
   */
  async init(provider: KeyProviderKind, input: KeyInput, actor: Actor): Promise<KeyStatus> {
    await this.#vault.initialise(provider, input, actor);
    return this.status();
  }

  /** Tries to open a sealed gallery. The answer shows whether it is open, or why not. */
  async unlock(input: KeyInput, actor: Actor): Promise<KeyStatus> {
    await this.#vault.unlock(input, actor);
    return this.status();
  }

  /**
   * Begins a rotation, which runs in the background.
   * @throws `gallery-sealed`, `rotation-running` (input), and the errors of `startRotation`
   */
  async rotate({ depth, provider, input }: RotationRequest, actor: Actor): Promise<KeyRotation> {
    const { rotations } = this.#vault.requireOpen();
    const [current] = this.#vault.keySlots;
    const kind = provider ?? current?.provider ?? 'secret';
    const rotation = await rotations.start({ kind, depth, input, by: actor });
    return describeProgress(rotation.progress);
  }
}

function describeProgress(progress: RotationProgress): KeyRotation {
  const { startedAtMs, problem, ...about } = progress;
  return {
    ...about,
    startedAt: isoTime(startedAtMs),
    ...present({ problem: problem && describeProblem(problem) }),
  };
}

function describeProblem({
  code,
  message,
  remedy = '',
}: Pick<RollcallError, 'code' | 'message' | 'remedy'>): Fault {
  return { code, message, remedy };
}
