import type { Config } from '../contract/settings/schema.js';
import type { Clock } from '../kernel/clock.js';
import type { Lifetime } from '../kernel/lifetime.js';
import type { Logger } from '../kernel/logger.js';
import type { Random } from '../kernel/random.js';

/** What every part of the daemon gets when it is opened. Each part declares what else it needs. */
export interface PartContext {
  /** The configuration in force. A reload changes it. */
  readonly current: () => Config;
  /** Closes the parts in reverse order. */
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
