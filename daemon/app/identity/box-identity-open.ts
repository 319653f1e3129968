import { isRollcallError, type RollcallError } from '../../base/errors.js';
import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import type { BoxIdentity as BoxName } from '../../domain/events/box-identity.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { IdentityKeys, type InSilence } from '../../publish/identity/identity-keys.js';
import { BoxIdentity, type BoxIdentityOptions } from './box-identity.js';
import type { IdentityTrailParts } from './box-identity-trail.js';

const dayMs = 86_400_000;

/** What the box is known by, and the keys themselves: they sign, and open what was sealed to the box. */
export interface OpenedBoxIdentity {
  readonly keys: Pick<IdentityKeys, 'current' | 'sign' | 'open'>;
  readonly identity: Pick<BoxIdentity, 'show' | 'rotate' | 'rotateByCommand' | 'companion'>;
  /** Why neither can be used: the box records, and nothing leaves it. */
  readonly damage?: RollcallError;
}

/** What keeps the keys from being used and nothing else: the rest of the box goes on. */
const keyDamages = ['box-key-malformed', 'box-key-retired', 'box-identity-damaged'];

/**
 * Opens the keys of the box, which belong to `lifetime` from then on. Where a file of them is damaged, no other key is made in its
 * place: what would need one fails with the reason. @throws what else `IdentityKeys.open` throws
 */
export async function openBoxIdentity(
  current: () => Config,
  options: Omit<IdentityTrailParts, 'keys'> & {
    readonly records: BoxIdentityOptions['records'];
    readonly from: BoxName;
    readonly inSilence: InSilence;
    readonly lifetime: Lifetime;
    readonly logger: Logger;
  },
): Promise<OpenedBoxIdentity> {
  const { lifetime, ...parts } = options;
  const { secretsDir, dataDir } = current();
  const overlapDays = (): number => current().identity.overlapDays;
  const places = { secretsDirectory: secretsDir, dataDir };
  const overlapMs = overlapDays() * dayMs;
  const keys = await IdentityKeys.open({ places, overlapMs, clock }).catch(damageOf);
  if (isRollcallError(keys)) return identityWithout(keys);
  lifetime.defer('box keys', () => keys[Symbol.dispose]());
  const identity = new BoxIdentity({ ...parts, keys, overlapDays, clock });
  return { keys, identity: lifetime.use('box identity', await identity.start()) };
}

function damageOf(error: unknown): RollcallError {
  if (isRollcallError(error) && keyDamages.includes(error.code)) return error;
  throw error;
}

/** Signs nothing and opens nothing: a broker is not even connected to, because the last will would have to be signed. */
function identityWithout(damage: RollcallError): OpenedBoxIdentity {
  const refuse = (): Promise<never> => Promise.reject(damage);
  return {
    keys: { current: () => ({ sign: refuse }), sign: refuse, open: () => undefined },
    identity: {
      show: refuse,
      rotate: refuse,
      rotateByCommand: refuse,
      companion: () => ({ join: () => undefined }),
    },
    damage,
  };
}
