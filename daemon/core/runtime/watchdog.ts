import type { ReloadStatus } from '../../contract/status.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { type ServiceNotifier, watchdogIntervalMs } from '../../host/systemd-notify.js';
import { counted } from '../../kernel/counted.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { Logger } from '../../kernel/logger.js';
import { ProgressWatchdog } from '../../kernel/progress-watchdog.js';
import type { Runtime } from './runtime.js';

/** How often the status line is renewed, milliseconds. It is sent only when it has changed. */
const statusEveryMs = 1_000;

/**
 * Reports the status of the daemon to the service manager. Only measured progress feeds the watchdog: every vision process that runs
 * keeps reporting and, while cameras deliver, frames are analysed. So systemd replaces a daemon that lives but does nothing.
 */
export function startWatchdog(options: {
  readonly notifier: ServiceNotifier;
  readonly runtime: Runtime;
  readonly lastReload: () => ReloadStatus | undefined;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}): void {
  const { notifier, runtime, lastReload, lifetime, logger } = options;
  let sent: string | undefined;
  const renewStatus = (): void => {
    const status = statusLine(runtime, lastReload());
    if (status !== sent) notifier.status(status);
    sent = status;
    timer = clock.after(statusEveryMs, renewStatus);
  };
  let timer = clock.after(0, renewStatus);
  lifetime.defer('status line', () => timer.cancel());

  const silenceLimitMs = watchdogIntervalMs();
  if (silenceLimitMs === undefined) return;
  const watchdog = new ProgressWatchdog({
    clock,
    silenceLimitMs,
    ping: () => notifier.watchdog(),
    onStandstill: (sources) =>
      logger.error('the daemon makes no progress; the service manager will restart it', { sources }),
  });
  watchdog.register('vision processes', () => runtime.progress.rounds);
  watchdog.register('analysis', () => runtime.progress.analysis);
  lifetime.defer('watchdog', () => watchdog[Symbol.dispose]());
}

/** The line that `systemctl status` shows. */
function statusLine({ vision, config, isGallerySealed }: Runtime, lastReload?: ReloadStatus): string {
  const cameras = `${vision.board.streamingCount} of ${counted(config.cameras.length, 'camera')} streaming`;
  const sealed = isGallerySealed ? '; the gallery is SEALED, no person is identified' : '';
  const isRefused = lastReload?.outcome === 'refused';
  return `${cameras}${sealed}${isRefused ? '; the last reload was REFUSED, the old configuration stays in force' : ''}`;
}
