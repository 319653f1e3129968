import type { Clock } from '../base/clock.js';
import { dataDirectories, namedSecrets } from '../config/machine-needs.js';
import type { Config } from '../config/schema.js';
import type { Handlers } from '../contract/handlers.js';
import type { hostOperations } from '../contract/host.js';
import { reportOnHost } from '../control/host-report.js';
import { findCredential } from '../host/credentials.js';
import { currentUser } from '../host/system-user.js';

/** The operation that shows the machine as the daemon sees it. */
export function hostHandlers(options: {
  /** The configuration in force. */
  readonly current: () => Config;
  readonly clock: Clock;
}): Handlers<typeof hostOperations> {
  return {
    'host.show'() {
      const config = options.current();
      const places = { secretsDirectory: config.secretsDir };
      return reportOnHost({
        user: currentUser(),
        secrets: namedSecrets(config),
        directories: dataDirectories(config),
        nowMs: options.clock.wallMs(),
        find: (name) => findCredential(name, places),
      });
    },
  };
}
