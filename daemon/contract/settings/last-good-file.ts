import { join } from 'node:path';
import { z } from 'zod';
import { readText } from './read-text.js';

/** The texts of a configuration. */
export interface ConfigTexts {
  readonly file: string;
  /** Of the settings file; empty where there is none. */
  readonly settings: string;
}

// One file: a kill while it is replaced leaves no texts without their seal.
const fileSchema = z.object({ file: z.string(), settings: z.string(), seal: z.string() }).readonly();

export type LastGoodFile = z.infer<typeof fileSchema>;

/** The copy of the configuration that was in force last, in the folder of the box's data. */
export const lastGoodPath = (dataDir: string): string => join(dataDir, 'configuration-last-good.json');

/** The seal is not checked. Undefined also for a file that this program did not write. */
export async function readLastGood(dataDir: string): Promise<LastGoodFile | undefined> {
  const read = await readText(lastGoodPath(dataDir));
  if (!('text' in read)) return undefined;
  try {
    return fileSchema.safeParse(JSON.parse(read.text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
