import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { badInput, messageOf } from '../../base/errors.js';
import type { BlinkTruth } from '../../domain/liveness/blink-score.js';

const seconds = z.number().min(0);

/**
 * By path of the clip, relative to the folder of the clips. More may stand there than is used. `null` for a clip, or for its
 * blinks: they cannot be counted.
 */
const truthSchema = z.record(
  z.string(),
  z.object({ blinks: z.array(seconds).nullable(), ambiguous: z.array(seconds).default([]) }).nullable(),
);

/**
 * Reads the blink truth of many clips; undefined for a clip whose blinks cannot be counted. Throws `truth-unreadable` and
 * `truth-invalid`.
 */
export async function readBlinkTruth(path: string): Promise<ReadonlyMap<string, BlinkTruth | undefined>> {
  const parsed = truthSchema.safeParse(await readJson(path));
  if (parsed.success) {
    const entries = Object.entries(parsed.data).map(([clip, truth]): [string, BlinkTruth | undefined] => [
      clip,
      truth === null || truth.blinks === null ? undefined : { ...truth, blinks: truth.blinks },
    ]);
    return new Map(entries);
  }
  throw badInput('truth-invalid', `${path} is no blink truth:\n${z.prettifyError(parsed.error)}`, {
    remedy: 'give every clip an entry { "blinks": [seconds, …], "ambiguous": [seconds, …] }, or null',
  });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw badInput('truth-unreadable', `${path} cannot be read as JSON: ${messageOf(error)}`, {
      remedy: 'check the path and the file',
      cause: error,
    });
  }
}
