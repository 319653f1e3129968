import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { badInput, messageOf } from '../../base/errors.js';
import type { BlinkTruth } from '../../domain/liveness/blink-score.js';

const seconds = z.number().min(0);

/** By path of the clip, relative to the folder of the clips. More may stand there than is used. */
const truthSchema = z.record(
  z.string(),
  z.object({ blinks: z.array(seconds), ambiguous: z.array(seconds).default([]) }),
);

/** Reads the blink truth of many clips. Throws `truth-unreadable` and `truth-invalid`. */
export async function readBlinkTruth(path: string): Promise<ReadonlyMap<string, BlinkTruth>> {
  const parsed = truthSchema.safeParse(await readJson(path));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  throw badInput('truth-invalid', `${path} is no blink truth:\n${z.prettifyError(parsed.error)}`, {
    remedy: 'give every clip an entry { "blinks": [seconds, …], "ambiguous": [seconds, …] }',
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
