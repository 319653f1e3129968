import type { Handlers } from '../../contract/handlers.js';
import type { identityOperations, RotatedIdentity, ShownIdentity } from '../../contract/identity.js';
import type { Config } from '../../contract/settings/schema.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { type Actor, daemonAtStart } from '../../kernel/actor.js';
import { boxKeyDamages } from '../../kernel/box-key-damage.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, messageOf, type RollcallError } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { Recurring } from '../../kernel/recurring.js';
import type { ConnectionTask } from '../delivery/connection-task.js';
import type { RetainedMemory } from '../delivery/retained-documents.js';
import type { Records } from '../records/records.js';
import { OverlapClock } from './former-key-overlap.js';
import { IdentityKeys, type WithoutSigning } from './identity-keys.js';
import { type IdentityTrailOptions, trailIdentity } from './identity-trail.js';
import { keySetOf, keySetTask, signedKeySet } from './key-set.js';
import { fingerprintOf } from './public-key.js';
import type { RotationOrigin } from './rotation.js';

const dayMs = 86_400_000;
/** How often expired former keys are removed. */
export const upkeepEveryMs = 3_600_000;

export interface SigningIdentityOptions extends IdentityTrailOptions {
  readonly keys: IdentityKeys;
  readonly records: IdentityTrailOptions['records'] & Pick<Records, 'sources'>;
  readonly from: BoxIds;
  /** From the configuration in force. */
  readonly overlapDays: () => number;
  /**
   * Runs `work` between two connections to the broker. The former key signs the goodbye of the first one; the new key signs
   * everything on the second one, including its last will.
   */
  readonly withoutSigning: WithoutSigning;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The operations on the keys of the box. They work while the gallery is sealed. */
export function identityHandlers(
  identity: Pick<SigningIdentity, 'show' | 'rotate'>,
  gateCertificate: () => ShownIdentity['gateCertificate'],
): Handlers<typeof identityOperations> {
  return {
    'identity.show': async () => ({
      ...(await identity.show()),
      ...present({ gateCertificate: gateCertificate() }),
    }),
    'identity.rotate': (_, { caller }) => identity.rotate(caller),
  };
}

/** Shows, rotates and publishes the keys that the box signs with. The caller owns the keys. */
export class SigningIdentity implements AsyncDisposable {
  readonly #options: SigningIdentityOptions;
  readonly #upkeep: Recurring;
  readonly #overlaps: OverlapClock;

  constructor(options: SigningIdentityOptions) {
    this.#options = options;
    const { keys, clock, logger } = options;
    const overlaps = new OverlapClock(options);
    this.#overlaps = overlaps;
    this.#upkeep = new Recurring({
      clock,
      everyMs: upkeepEveryMs,
      async work() {
        await trailIdentity(options, daemonAtStart);
        await keys.forgetFormer(overlaps.count());
      },
      onFailure: (error) =>
        logger.error('the upkeep of the keys of this box failed', { reason: messageOf(error) }),
    });
  }

  /** Records the origin of the key, unless that was done, and starts to remove former keys when their time is over. */
  async start(): Promise<this> {
    const { keys, logger } = this.#options;
    const { unannounced, current } = keys.state;
    const about = { keyId: current.keyId };
    if (unannounced === 'replaced') {
      logger.error('the key of this box was lost or replaced; tell centres the new one', about);
    } else if (unannounced === 'created') logger.info('this box has its first key', about);
    if (keys.ignoredKeyId !== undefined) {
      logger.warn('the secret box-key is not the key in force; it is ignored', {
        ignoredKeyId: keys.ignoredKeyId,
        ...about,
        remedy: "To use it, rename it to box-key.next and run: 'rollcall identity rotate'.",
      });
    }
    await this.#upkeep.start().settled();
    return this;
  }

  /** Keeps the key set on `topic` of a broker; `memory` is that of the broker. */
  connectionTask(topic: string, memory: RetainedMemory): ConnectionTask {
    return keySetTask({ ...this.#options, topic, memory });
  }

  async show(): Promise<ShownIdentity> {
    const { keys, from, clock } = this.#options;
    const { current, former } = keys.state;
    const { keys: jwks } = await keySetOf(keys.state, { from, nowMs: clock.wallMs() });
    return {
      site: from.siteId,
      box: from.boxId,
      ...shown(current),
      former: former.map((key) => ({
        ...shown(key),
        until: isoTime(key.untilMs),
        isEndorsing: key.endorsement !== undefined,
      })),
      jwks: { keys: jwks },
      keySet: await signedKeySet(this.#options),
    };
  }

  /** Puts a new key in force. @throws `box-key-next-missing` */
  rotate(by: Actor): Promise<RotatedIdentity> {
    return this.#rotate(by, 'at-the-box');
  }

  /** Rotates for a centre. Refused while there are too many former keys. @throws like `rotate`, `identity-rotated-too-often` */
  rotateByCommand(by: Actor): Promise<RotatedIdentity> {
    return this.#rotate(by, 'by-command');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upkeep[Symbol.asyncDispose]();
  }

  async #rotate(by: Actor, origin: RotationOrigin): Promise<RotatedIdentity> {
    const { keys, overlapDays, withoutSigning, logger } = this.#options;
    // Each rotation is recorded before the next one.
    await trailIdentity(this.#options, daemonAtStart);
    await keys.forgetFormer(this.#overlaps.count());
    const formerKeyId = keys.state.current.keyId;
    const dropped = await keys.rotate(overlapDays() * dayMs, origin, withoutSigning);
    logger.info('this box now signs with a new key', { keyId: keys.state.current.keyId });
    // The rotation has succeeded: later failures are repaired by the upkeep and only become notes.
    const notes = dropped.map(({ keyId }) => droppedNote(keyId));
    try {
      if ((await keys.settle()) === 'still-next') notes.push(stillNextNote);
    } catch (error) {
      logger.error('the file of the former key could not be removed', { reason: messageOf(error) });
      notes.push(
        `the file of the former key could not be removed (${messageOf(error)}); the next start tries again`,
      );
    }
    try {
      await trailIdentity(this.#options, by);
      // The overlap of the former key begins now, not at the next upkeep.
      this.#overlaps.count();
    } catch (error) {
      logger.error('the rotation of the key could not be recorded', { reason: messageOf(error) });
      notes.push(`the rotation could not be recorded (${messageOf(error)}); the box tries again every hour`);
    }
    const note = notes.length === 0 ? undefined : notes.join('; ');
    return { ...(await this.show()), formerKeyId, ...present({ note }) };
  }
}

const stillNextNote = 'the key in force still has the name box-key.next: replace the secret box-key with it';

const droppedNote = (keyId: string): string =>
  `the former key ${keyId} is no longer published, to make room; give the new key by hand to each centre that still trusts it`;

function shown({ keyId, sinceMs }: { readonly keyId: string; readonly sinceMs: number }) {
  return { keyId, fingerprint: fingerprintOf(keyId), since: isoTime(sinceMs) };
}

/** The keys of the box, which sign and open sealed content, and their control. */
export interface OpenedIdentity {
  readonly keys: Pick<IdentityKeys, 'current' | 'sign' | 'open'>;
  readonly identity: Pick<SigningIdentity, 'show' | 'rotate' | 'rotateByCommand' | 'connectionTask'>;
  /** Why neither can be used. The box then records events but publishes nothing. */
  readonly damage?: RollcallError;
}

/**
 * Opens the keys of the box; `lifetime` closes them. A damaged key file is not replaced by a new key: everything that needs the
 * keys fails with the reason. @throws the other errors of `IdentityKeys.open`
 */
export async function openIdentity(
  current: () => Config,
  options: Omit<IdentityTrailOptions, 'keys'> & {
    readonly records: SigningIdentityOptions['records'];
    readonly from: BoxIds;
    readonly withoutSigning: WithoutSigning;
    readonly lifetime: Lifetime;
    readonly logger: Logger;
  },
): Promise<OpenedIdentity> {
  const { lifetime, ...parts } = options;
  const { secretsDir, dataDir } = current();
  const overlapDays = (): number => current().identity.overlapDays;
  const places = { secretsDirectory: secretsDir, dataDir };
  const overlapMs = overlapDays() * dayMs;
  const keys = await IdentityKeys.open({ places, overlapMs, clock }).catch(damageOf);
  if (isRollcallError(keys)) return identityWithout(keys);
  lifetime.defer('box keys', () => keys[Symbol.dispose]());
  const identity = new SigningIdentity({ ...parts, keys, overlapDays, clock });
  return { keys, identity: lifetime.use('box identity', await identity.start()) };
}

function damageOf(error: unknown): RollcallError {
  if (isRollcallError(error) && boxKeyDamages.some((code) => code === error.code)) return error;
  throw error;
}

/** Signs and opens nothing. The box does not even connect to the broker, because it could not sign the last will. */
function identityWithout(damage: RollcallError): OpenedIdentity {
  const refuse = (): Promise<never> => Promise.reject(damage);
  return {
    keys: { current: () => ({ sign: refuse }), sign: refuse, open: () => undefined },
    identity: {
      show: refuse,
      rotate: refuse,
      rotateByCommand: refuse,
      connectionTask: () => ({ whenOnline: () => undefined }),
    },
    damage,
  };
}
