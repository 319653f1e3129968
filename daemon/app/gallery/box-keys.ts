import type { Actor } from '../../audit/actor.js';
import type { Clock } from '../../base/clock.js';
import type { RollcallError } from '../../base/errors.js';
import type {
  KeyControl,
  KeyProblem,
  KeyStatus,
  RotationRequest,
  RotationStatus,
} from '../../control/key-control.js';
import { isoTime } from '../../domain/iso-time.js';
import type { KeyInput, KeyProviderKind, KeyProviderReport } from '../../gallery/keys/key-provider.js';
import { describeProviders } from '../../gallery/keys/key-providers.js';
import type { RotationProgress } from '../../gallery/rotation/rotation-progress.js';
import type { GalleryAccess } from './gallery-access.js';

/** The gallery's key as the local API sees it. */
export class BoxKeys implements KeyControl {
  readonly #access: GalleryAccess;
  readonly #clock: Clock;

  constructor({ access, clock }: { readonly access: GalleryAccess; readonly clock: Clock }) {
    this.#access = access;
    this.#clock = clock;
  }

  status(): KeyStatus {
    const { keySlots, open, sealed } = this.#access;
    const nowMs = this.#clock.wallMs();
    const slots = keySlots.map(({ keyId, provider, isCurrent, createdAtMs }) => {
      const ageS = Math.max(0, (nowMs - createdAtMs) / 1000);
      return { keyId, provider, isCurrent, createdAt: isoTime(createdAtMs), ageS };
    });
    const rotation = open?.rotations.progress;
    return {
      state: open === undefined ? 'sealed' : 'open',
      ...(sealed === undefined ? {} : { reason: describeProblem(sealed) }),
      slots,
      ...(rotation === undefined ? {} : { rotation: describeProgress(rotation) }),
    };
  }

  providers(): Promise<readonly KeyProviderReport[]> {
    return describeProviders(this.#access.providers);
  }

  async init(provider: KeyProviderKind, input: KeyInput, actor: Actor): Promise<KeyStatus> {
    await this.#access.initialise(provider, input, actor);
    return this.status();
  }

  async unlock(input: KeyInput, actor: Actor): Promise<KeyStatus> {
    await this.#access.unlock(input, actor);
    return this.status();
  }

  async rotate({ depth, provider, input }: RotationRequest, actor: Actor): Promise<RotationStatus> {
    const { rotations } = this.#access.requireOpen();
    const [current] = this.#access.keySlots;
    const kind = provider ?? current?.provider ?? 'secret';
    const rotation = await rotations.start({ kind, depth, input, by: actor });
    return describeProgress(rotation.progress);
  }
}

function describeProgress(progress: RotationProgress): RotationStatus {
  const { startedAtMs, problem, ...about } = progress;
  return {
    ...about,
    startedAt: isoTime(startedAtMs),
    ...(problem === undefined ? {} : { problem: describeProblem(problem) }),
  };
}

function describeProblem({
  code,
  message,
  remedy = '',
}: Pick<RollcallError, 'code' | 'message' | 'remedy'>): KeyProblem {
  return { code, message, remedy };
}
