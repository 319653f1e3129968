import { access, readFile } from 'node:fs/promises';
import { sep } from 'node:path';
import { z } from 'zod';
import { badInput, messageOf } from '../kernel/errors.js';
import type { BlinkTruth } from '../kernel/liveness/blink-score.js';
import { type AttackSpecies, attackSpecies } from '../kernel/liveness/presentation-rates.js';

const seconds = z.number().min(0);

/** By path of the clip in the folder of clips. Extra fields are ignored. `null`: the blinks cannot be counted. */
const blinkTruthSchema = z.record(
  z.string(),
  z.object({ blinks: z.array(seconds).nullable(), ambiguous: z.array(seconds).default([]) }).nullable(),
);

/** Reads blink truth; undefined for a clip whose blinks cannot be counted. Throws `truth-unreadable` and `truth-invalid`. */
export async function readBlinkTruth(path: string): Promise<ReadonlyMap<string, BlinkTruth | undefined>> {
  const parsed = blinkTruthSchema.safeParse(await readJson(path));
  if (parsed.success) {
    const entries = Object.entries(parsed.data).map(([clip, truth]): [string, BlinkTruth | undefined] => [
      clip,
      truth === null || truth.blinks === null ? undefined : { ...truth, blinks: truth.blinks },
    ]);
    return new Map(entries);
  }
  throw badInput('truth-invalid', `${path} is not valid blink truth:\n${z.prettifyError(parsed.error)}`, {
    remedy: 'Write for every clip { "blinks": [seconds, …], "ambiguous": [seconds, …] }, or null.',
  });
}

/** What a clip shows: genuine people or a kind of attack. */
export interface PresentationTruth {
  /** Undefined: genuine people. */
  readonly species: AttackSpecies | undefined;
  /** Names or ids of the people in the clip, at least one. */
  readonly people: readonly string[];
  /** Start and end of the part of the clip that this describes, seconds from the first frame. */
  readonly fromS: number | undefined;
  readonly untilS: number | undefined;
}

const part = {
  people: z.array(z.string().min(1)).min(1).optional(),
  from: seconds.optional(),
  until: seconds.optional(),
};

/** By path of the clip in the folder of clips. `null`: not known what the clip shows. */
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
 * Reads what clips show; undefined if that is not known. A clip without names counts as one person who is in no other clip.
 * Throws `truth-unreadable` and `truth-invalid`.
 */
export async function readPresentationTruth(
  path: string,
): Promise<ReadonlyMap<string, PresentationTruth | undefined>> {
  const parsed = presentationSchema.safeParse(await readJson(path));
  if (!parsed.success) {
    throw badInput(
      'truth-invalid',
      `${path} is not a valid description of clips:\n${z.prettifyError(parsed.error)}`,
      {
        remedy: `Write for every clip { "shows": KIND, "people": [names] }, or null; KIND is one of genuine, ${attackSpecies.join(', ')}.`,
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
 * What a clip shows, by its folder: `genuine/ada/door.mp4`, `print/door.mp4`. The second folder names the person. Undefined
 * if the first folder is not a known kind.
 */
export function presentationByFolder(clip: string): PresentationTruth | undefined {
  const folders = clip.split(sep).slice(0, -1);
  const [kind, person] = folders;
  const species = attackSpecies.find((each) => each === kind);
  if (kind !== 'genuine' && species === undefined) return undefined;
  return { species, people: [person ?? clip], fromS: undefined, untilS: undefined };
}

/** Whether the file exists. */
export function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A clip that is left out of the figures. */
export interface SkippedClip {
  readonly clip: string;
  readonly reason: 'no-truth' | 'not-found';
}

/** Why a clip was left out. */
export const skipWords: Readonly<Record<SkippedClip['reason'], string>> = {
  'no-truth': 'no truth is known',
  'not-found': 'the clip does not exist',
};

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw badInput('truth-unreadable', `cannot read ${path} as JSON: ${messageOf(error)}`, {
      remedy: 'Check the path and the contents of the file.',
      cause: error,
    });
  }
}
