import { operational } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { type ServiceNotifier, silentNotifier } from './service-notifier.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Shared library of systemd; its version 0 interface is stable since 2012. */
const library = 'libsystemd.so.0';

/**
 * Connects to the service manager that started this process: systemd, or anything else that sets
 * `$NOTIFY_SOCKET`. Without that variable the silent notifier is returned. A word that could not be sent is
 * logged and lost: the manager may be restarting itself, which must not stop the cameras; if it stays deaf it
 * acts on the silence.
 * @throws `systemd-notify-unavailable` when somebody waits for word and it cannot be sent at all
 */
export async function openServiceNotifier(logger: Logger): Promise<ServiceNotifier> {
  if ((process.env['NOTIFY_SOCKET'] ?? '') === '') return silentNotifier;
  const notify = await loadLibrary();
  const send = (state: string): void => {
    const result = notify(0, state);
    if (result < 0) logger.warn('the service manager could not be told', { state, errno: -result });
  };
  return {
    ready: () => send('READY=1'),
    status: (text) => send(`STATUS=${text.replaceAll(/[\r\n]+/g, ' ')}`),
    watchdog: () => send('WATCHDOG=1'),
    stopping: () => send('STOPPING=1'),
  };
}

/** `sd_notify(3)`: it reads the socket's address from the process environment itself; negative is an errno. */
async function loadLibrary(): Promise<(unsetEnvironment: number, state: string) => number> {
  try {
    const { default: koffi } = await import('koffi');
    return koffi.load(library).func('int sd_notify(int unset_environment, const char *state)');
  } catch (error) {
    throw operational(
      'systemd-notify-unavailable',
      `${library} cannot be used to notify the service manager`,
      {
        remedy:
          'install the system package libsystemd0, or start the daemon without NOTIFY_SOCKET (Type=exec)',
        cause: error,
      },
    );
  }
}

/**
 * How long systemd waits for `watchdog()` before it ends this process (`WatchdogSec=` of the unit), milliseconds.
 * Undefined where no watchdog is set, or where it is meant for another process.
 */
export function watchdogIntervalMs(
  env: Environment = process.env,
  processId: number = process.pid,
): number | undefined {
  const intervalUs = Number(env['WATCHDOG_USEC']);
  if (!Number.isInteger(intervalUs) || intervalUs <= 0) return undefined;
  const meantFor = env['WATCHDOG_PID'];
  if (meantFor !== undefined && meantFor !== '' && meantFor !== String(processId)) return undefined;
  return intervalUs / 1000;
}
