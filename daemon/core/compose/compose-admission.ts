import { join } from 'node:path';
import { systemClock as clock } from '../../host/system-clock.js';
import { type Admission, createAdmission, networkBounds } from '../api/admission.js';
import { openCountsFile } from '../api/counts-file.js';
import { RateLimits } from '../api/rate-limits.js';
import type { BoxContext } from './stores.js';

/** Admits callers from the network within the limits of the configuration in force. */
export function openNetworkAdmission({ current, lifetime, logger }: BoxContext): Admission {
  const file = openCountsFile(join(current().dataDir, 'limits.db'), logger);
  const figures = () => current().api.limits;
  const rates = lifetime.use('rate limits', new RateLimits({ figures, file, clock, logger }));
  return createAdmission(() => networkBounds(current().api), rates);
}
