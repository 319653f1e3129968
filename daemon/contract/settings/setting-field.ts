import type { z } from 'zod';
import type { ReloadClass } from '../../kernel/reload-class.js';

/** Adds the reload class and the description of a setting, for the reference page and the JSON Schema. */
export function field<S extends z.ZodType>(schema: S, reload: ReloadClass, description: string): S {
  return schema.meta({ reload, description });
}
