import { access, readFile } from 'node:fs/promises';
import { sep } from 'node:path';
import { z } from 'zod';
import { badInput, messageOf } from '../../base/errors.js';
import type { BlinkTruth } from '../../domain/liveness/blink-score.js';
import { type AttackSpecies, attackSpecies } from '../../domain/liveness/presentation-rates.js';

const seconds = z.number().min(0);

/**
 * By path of the clip, relative to the folder of the clips. More may stand there than is used. `null` for a clip, or for its
 * blinks: they cannot be counted.
 */
const blinkTruthSchema = z.record(
  z.string(),
  z.object({ blinks: z.array(seconds).nullable(), ambiguous: z.array(seconds).default([]) }).nullable(),
);

/**
 * Reads the blink truth of many clips; undefined for a clip whose blinks cannot be counted. Throws `truth-unreadable` and
 * `truth-invalid`.
 */
export async function readBlinkTruth(path: string): Promise<ReadonlyMap<string, BlinkTruth | undefined>> {
  const parsed = blinkTruthSchema.safeParse(await readJson(path));
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

/** What a clip shows, as far as liveness is concerned. */
export interface PresentationTruth {
  /** Undefined: genuine people. */
  readonly species: AttackSpecies | undefined;
  /** Names or made-up ids of those whom the clip shows, at least one. */
  readonly people: readonly string[];
  /** The part of the clip that this is true of, seconds from its first frame. */
  readonly fromS: number | undefined;
  readonly untilS: number | undefined;
}

const part = {
  people: z.array(z.string().min(1)).min(1).optional(),
  from: seconds.optional(),
  until: seconds.optional(),
};

/** By path of the clip, relative to the folder of the clips. `null`: what the clip shows is not known. */
const presentationSchema = z.record(
  z.string(),
  z
    .discriminatedUnion('shows', [
      z.strictObject({ shows: z.literal('genuine'), ...part }),
      z.strictObject({ shows: z.enum(attackSpecies), ...part }),
    ])
    .nullable(),
);

/**
 * Reads what many clips show; undefined for a clip of which that is not known. Without names a clip shows one person, whom no other
 * clip shows. Throws `truth-unreadable` and `truth-invalid`.
 */
export async function readPresentationTruth(
  path: string,
): Promise<ReadonlyMap<string, PresentationTruth | undefined>> {
  const parsed = presentationSchema.safeParse(await readJson(path));
  if (!parsed.success) {
    throw badInput(
      'truth-invalid',
      `${path} does not say what clips show:\n${z.prettifyError(parsed.error)}`,
      {
        remedy: `give every clip an entry { "shows": KIND, "people": [names] }, or null; KIND is genuine, ${attackSpecies.join(', ')}`,
      },
    );
  }
  return new Map(
    Object.entries(parsed.data).map(([clip, truth]): [string, PresentationTruth | undefined] => {
      if (truth === null) return [clip, undefined];
      const { shows, people = [clip], from: fromS, until: untilS } = truth;
      return [clip, { species: shows === 'genuine' ? undefined : shows, people, fromS, untilS }];
    }),
  );
}

/**
 * What a clip shows by the folder that it lies in: `genuine/ada/door.mp4`, `print/door.mp4`. A further folder names the person.
 * Undefined where the first folder names no kind.
 */
export function presentationByFolder(clip: string): PresentationTruth | undefined {
  const folders = clip.split(sep).slice(0, -1);
  const [kind, person] = folders;
  const species = attackSpecies.find((each) => each === kind);
  if (kind !== 'genuine' && species === undefined) return undefined;
  return { species, people: [person ?? clip], fromS: undefined, untilS: undefined };
}

/** Whether there is a file with this path. */
export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A clip that is named and left out of the figures. */
export interface SkippedClip {
  readonly clip: string;
  readonly reason: 'no-truth' | 'not-found';
}

/** Why a clip was left out, for a person. */
export const skipWords: Readonly<Record<SkippedClip['reason'], string>> = {
  'no-truth': 'the truth is not known',
  'not-found': 'the clip is not there',
};

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
