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
