import { type Actor, daemonAtStart } from '../../audit/actor.js';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { IdentityControl, RotatedIdentity, ShownIdentity } from '../../control/identity-control.js';
import type { BoxIdentity as BoxName } from '../../domain/events/box-identity.js';
import { isoTime } from '../../domain/iso-time.js';
import type { Companion } from '../../publish/companion.js';
import { fingerprintOf } from '../../publish/identity/fingerprint.js';
import type { IdentityKeys, InSilence } from '../../publish/identity/identity-keys.js';
import { keySetOf, signedKeySet } from '../../publish/identity/key-set.js';
import { keySetCompanion } from '../../publish/identity/key-set-companion.js';
import type { RotationOrigin } from '../../publish/identity/rotation.js';
import type { RetainedMemory } from '../../publish/retained-documents.js';
import type { Records } from '../../records/open-records.js';
import { OverlapClock } from './box-identity-overlap.js';
import { type IdentityTrailParts, trailIdentity } from './box-identity-trail.js';

const dayMs = 86_400_000;
/** How often it is asked whether the time of a former key is over. */
export const lookEveryMs = 3_600_000;

export interface BoxIdentityOptions extends IdentityTrailParts {
  readonly keys: IdentityKeys;
  readonly records: IdentityTrailParts['records'] & Pick<Records, 'sources'>;
  readonly from: BoxName;
  /** Of the configuration in force. */
  readonly overlapDays: () => number;
  /**
   * Runs `work` between two connections to the broker: the former key says goodbye on the one before, and all of the one
   * after, the last will too, is signed with the key that is in force then.
   */
  readonly inSilence: InSilence;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The keys that the box is known by, as the rest of the box knows them. The keys themselves belong to the caller. */
export class BoxIdentity implements IdentityControl, AsyncDisposable {
  readonly #options: BoxIdentityOptions;
  readonly #upkeep: Recurring;
  readonly #overlaps: OverlapClock;

  constructor(options: BoxIdentityOptions) {
    this.#options = options;
    const { keys, clock, logger } = options;
    const overlaps = new OverlapClock(options);
    this.#overlaps = overlaps;
    this.#upkeep = new Recurring({
      clock,
      everyMs: lookEveryMs,
      async work() {
        await trailIdentity(options, daemonAtStart);
        await keys.forgetFormer(overlaps.count());
      },
      onFailure: (error) =>
        logger.error('the keys of this box could not be looked after', { reason: messageOf(error) }),
    });
  }

  /** Records how the key came about, where that was not done yet, and begins to forget former keys in time. */
  async start(): Promise<this> {
    const { keys, logger } = this.#options;
    const { unannounced, current } = keys.state;
    const about = { keyId: current.keyId };
    if (unannounced === 'replaced') {
      logger.error('the key of this box was lost or replaced: centres have to be told the new one', about);
    } else if (unannounced === 'created') logger.info('this box has made or been given its key', about);
    if (keys.ignoredKeyId !== undefined) {
      logger.warn('a key was handed over that is not in force', {
        ignoredKeyId: keys.ignoredKeyId,
        ...about,
        remedy: 'to use it, hand it over as box-key.next and run: rollcall identity rotate',
      });
    }
    await this.#upkeep.start().settled();
    return this;
  }

  /** Keeps the key set on `topic` of a broker; `memory` is that of the broker. */
  companion(topic: string, memory: RetainedMemory): Companion {
    return keySetCompanion({ ...this.#options, topic, memory });
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

  rotate(by: Actor): Promise<RotatedIdentity> {
    return this.#rotate(by, 'at-the-box');
  }

  /** As a centre asks for it: refused where there are former keys enough. @throws as `rotate`, `identity-rotated-too-often` */
  rotateByCommand(by: Actor): Promise<RotatedIdentity> {
    return this.#rotate(by, 'by-command');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upkeep[Symbol.asyncDispose]();
  }

  async #rotate(by: Actor, origin: RotationOrigin): Promise<RotatedIdentity> {
    const { keys, overlapDays, inSilence, logger } = this.#options;
    // Each rotation is recorded before there can be another.
    await trailIdentity(this.#options, daemonAtStart);
    await keys.forgetFormer(this.#overlaps.count());
    const formerKeyId = keys.state.current.keyId;
    const dropped = await keys.rotate(overlapDays() * dayMs, origin, inSilence);
    logger.info('this box signs with another key from now on', { keyId: keys.state.current.keyId });
    // The new key is in force: what goes wrong from here on is made up for, and no reason to say that it is not.
    const notes = dropped.map(({ keyId }) => noLonger(keyId));
    try {
      if ((await keys.settle()) === 'still-next') notes.push(stillNext);
    } catch (error) {
      logger.error('the file of the former key could not be removed', { reason: messageOf(error) });
      notes.push(
        `the file of the former key is still there (${messageOf(error)}); the next start tries again`,
      );
    }
    try {
      await trailIdentity(this.#options, by);
      // The overlap of the former key begins now, not at the next look.
      this.#overlaps.count();
    } catch (error) {
      logger.error('the rotation of the key could not be recorded', { reason: messageOf(error) });
      notes.push(`it could not be recorded (${messageOf(error)}); that is tried again every hour`);
    }
    return { ...(await this.show()), formerKeyId, ...(notes.length === 0 ? {} : { note: notes.join('; ') }) };
  }
}

const stillNext =
  'the key in force lies under the name box-key.next: make it the secret box-key in place of the former one';

const noLonger = (keyId: string): string =>
  `the former key ${keyId} is no longer published, to make room: a centre that still trusts that one has to be told the new key by hand`;

function shown({ keyId, sinceMs }: { readonly keyId: string; readonly sinceMs: number }) {
  return { keyId, fingerprint: fingerprintOf(keyId), since: isoTime(sinceMs) };
}
