/**
 * How a change of a setting takes effect while the daemon runs:
 * - `live`: immediately, without an interruption;
 * - `replace`: the affected part is replaced (one camera, the vision processes one by one, the broker connection);
 * - `restart`: after a restart of the daemon.
 */
export const reloadClasses = ['live', 'replace', 'restart'] as const;
export type ReloadClass = (typeof reloadClasses)[number];
