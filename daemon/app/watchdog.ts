import { counted } from '../base/counted.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Logger } from '../base/logger.js';
import { ProgressWatchdog } from '../base/progress-watchdog.js';
import type { ReloadStatus } from '../control/box-control.js';
import type { ServiceNotifier } from '../host/service-notifier.js';
import { systemClock as clock } from '../host/system-clock.js';
import { watchdogIntervalMs } from '../host/systemd-notify.js';
import type { ReplaceableParts } from './parts.js';

/** How often the status line is compared with how things are, milliseconds. It is sent when it has changed. */
const statusEveryMs = 1_000;

/**
 * Tells the service manager how the daemon is doing. The watchdog is fed only on measured progress: every vision process goes
 * on reporting and, where cameras deliver, frames are analysed. A daemon that lives but does nothing is replaced.
 */
export function startWatchdog(options: {
  readonly notifier: ServiceNotifier;
  readonly parts: ReplaceableParts;
  readonly lastReload: () => ReloadStatus | undefined;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}): void {
  const { notifier, parts, lastReload, lifetime, logger } = options;
  let said: string | undefined;
  const renewStatus = (): void => {
    const status = statusLine(parts, lastReload());
    if (status !== said) notifier.status(status);
    said = status;
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
      logger.error('no progress: the service manager will restart the daemon', { sources }),
  });
  watchdog.register('vision processes', () => parts.progress.rounds);
  watchdog.register('analysis', () => parts.progress.analysis);
  lifetime.defer('watchdog', () => watchdog[Symbol.dispose]());
}

/** What `systemctl status` shows of the daemon: one line for a person. */
function statusLine(
  { vision, config, isGallerySealed }: ReplaceableParts,
  lastReload?: ReloadStatus,
): string {
  const cameras = `${vision.board.streamingCount} of ${counted(config.cameras.length, 'camera')} streaming`;
  const sealed = isGallerySealed ? '; the gallery is SEALED, nobody is identified' : '';
  const isRefused = lastReload?.outcome === 'refused';
  return `${cameras}${sealed}${isRefused ? '; the last reload was REFUSED, the former configuration runs' : ''}`;
}
