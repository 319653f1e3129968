export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured log. The message is constant; what varies goes into the fields. Fields never hold pixels,
 * embeddings, names or credentials. `error` means somebody must act.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose every line also carries `fields` (camera, track, …). */
  child(fields: LogFields): Logger;
}

/** Discards everything: for replay and for tests that do not look at the log. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
