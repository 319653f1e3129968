import type { z } from 'zod';

/**
 * What a changed field costs while the daemon runs:
 * - `live`: taken up at once, nothing is interrupted;
 * - `replace`: the part it belongs to (one camera, the vision processes one by one, the broker connection) is replaced;
 * - `restart`: only a restart of the daemon takes it up.
 */
export type ReloadClass = 'live' | 'replace' | 'restart';

/** Gives a setting its reload class and the sentence that explains it, for the reference and JSON Schema. */
export function field<S extends z.ZodType>(schema: S, reload: ReloadClass, description: string): S {
  return schema.meta({ reload, description });
}
