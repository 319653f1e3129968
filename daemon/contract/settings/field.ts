import type { z } from 'zod';

/**
 * How a change of a setting takes effect while the daemon runs:
 * - `live`: immediately, without an interruption;
 * - `replace`: the affected part is replaced (one camera, the vision processes one by one, the broker connection);
 * - `restart`: after a restart of the daemon.
 */
export type ReloadClass = 'live' | 'replace' | 'restart';

/** Adds the reload class and the description of a setting, for the reference page and the JSON Schema. */
export function field<S extends z.ZodType>(schema: S, reload: ReloadClass, description: string): S {
  return schema.meta({ reload, description });
}
