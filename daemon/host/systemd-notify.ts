import type { Logger } from '../kernel/logger.js';
import { failure } from '../words/errors.js';

/** Notifies the supervisor of the daemon, usually systemd. */
export interface ServiceNotifier {
  /** Configuration, gallery and models are loaded: the service has started. Call it once. */
  ready(): void;
  /** Sets the line that `systemctl status` shows. */
  status(text: string): void;
  /** Reports measured progress. Only the code that measures progress may call it. */
  watchdog(): void;
  /** An orderly shutdown has begun. */
  stopping(): void;
}

/** For a daemon without a supervisor: in a terminal or a test. */
export const silentNotifier: ServiceNotifier = {
  ready: () => undefined,
  status: () => undefined,
  watchdog: () => undefined,
  stopping: () => undefined,
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The shared library of systemd. Its interface 0 has been stable since 2012. */
const library = 'libsystemd.so.0';

/**
 * Connects to the service manager that set `$NOTIFY_SOCKET`, usually systemd. Returns the silent notifier without that
 * variable. A message that cannot be sent is logged and lost: the manager may be restarting itself, which must not stop the
 * cameras. If it stays unreachable, its watchdog acts.
 * @throws `systemd-notify-unavailable` where `$NOTIFY_SOCKET` is set but the library is missing
 */
export async function openServiceNotifier(logger: Logger): Promise<ServiceNotifier> {
  if ((process.env['NOTIFY_SOCKET'] ?? '') === '') return silentNotifier;
  const notify = await loadLibrary();
  const send = (state: string): void => {
    const result = notify(0, state);
    if (result < 0) logger.warn('cannot notify the service manager', { state, errno: -result });
  };
  return {
    ready: () => send('READY=1'),
    status: (text) => send(`STATUS=${text.replaceAll(/[\r\n]+/g, ' ')}`),
    watchdog: () => send('WATCHDOG=1'),
    stopping: () => send('STOPPING=1'),
  };
}

/** `sd_notify(3)`. It reads the address of the socket from the environment. A negative result is an errno. */
async function loadLibrary(): Promise<(unsetEnvironment: number, state: string) => number> {
  try {
    const { default: koffi } = await import('koffi');
    return koffi.load(library).func('int sd_notify(int unset_environment, const char *state)');
  } catch (error) {
    throw failure('systemd-notify-unavailable', { library }, { cause: error });
  }
}

/**
 * Time within which systemd expects the next `watchdog()` (`WatchdogSec=` of the unit), milliseconds. Undefined without a
 * watchdog, and where it is for another process.
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
