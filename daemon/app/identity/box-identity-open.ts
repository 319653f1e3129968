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
  readonly keys: IdentityKeys;
  readonly identity: BoxIdentity;
}

/** Opens the keys of the box, which belong to `lifetime` from then on. @throws what `IdentityKeys.open` throws */
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
  const keys = await IdentityKeys.open({
    places: { secretsDirectory: secretsDir, dataDir },
    overlapMs: overlapDays() * dayMs,
    clock,
  });
  lifetime.defer('box keys', () => keys[Symbol.dispose]());
  const identity = new BoxIdentity({ ...parts, keys, overlapDays, clock });
  return { keys, identity: lifetime.use('box identity', await identity.start()) };
}
