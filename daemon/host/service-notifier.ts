/** Tells whoever supervises the daemon how it is doing. */
export interface ServiceNotifier {
  /** Configuration, gallery and models are up: the service has started. Once. */
  ready(): void;
  /** One line for a person: what `systemctl status` shows. */
  status(text: string): void;
  /** The daemon measurably got on; to be called only by what measured it. */
  watchdog(): void;
  /** Orderly shutdown has begun. */
  stopping(): void;
}

/** Nobody supervises: a terminal, a test. */
export const silentNotifier: ServiceNotifier = {
  ready: () => undefined,
  status: () => undefined,
  watchdog: () => undefined,
  stopping: () => undefined,
};
