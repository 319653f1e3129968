import { readFile } from 'node:fs/promises';
import { basename, parse } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { wantedFpir } from '../contract/settings/core-schema.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { createPrivateFile } from '../host/private-file.js';
import { systemClock as clock } from '../host/system-clock.js';
import { counted } from '../kernel/counted.js';
import { badInput, messageOf } from '../kernel/errors.js';
import { calibratedRates } from '../kernel/identification/calibrated-trial.js';
import { crossValidate } from '../kernel/identification/cross-validation.js';
import { groupRates, type PeopleGroup } from '../kernel/identification/group-rates.js';
import { reportIdentification } from '../kernel/identification/identification-report.js';
import {
  type LabelledPerson,
  type Sample,
  splitCount,
} from '../kernel/identification/identification-trial.js';
import type { MatchPolicy } from '../kernel/identification/match.js';
import { Lifetime } from '../kernel/lifetime.js';
import { samplePhoto } from '../vision/photo-sample.js';
import {
  describeIdentification,
  type IdentifyEvaluation,
  type RefusedPhotograph,
} from './describe-identification.js';
import { evaluateSite } from './evaluate-site.js';
import { evaluationNotes } from './evaluation-notes.js';
import { identificationPage } from './identification-page.js';
import { readPeople, readPhotographs } from './labelled-collection.js';
import { type OpenEngines, openReplaySetup, type ReplaySetup } from './replay-setup.js';

/** More ways of dividing the photographs add little information. */
const MOST_SPLITS = 20;

interface EvaluateOptions {
  readonly known: string;
  readonly unknown: string;
  readonly references: number;
  readonly views: number;
  readonly crossValidate?: number;
  readonly groups?: string;
  readonly report?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export function registerEvaluateIdentify(evaluate: Command, open: OpenEngines): void {
  evaluate
    .command('identify')
    .description('measure identification on photos of known and unknown people')
    .requiredOption('--known <dir>', 'folder with one folder of photos per person')
    .requiredOption('--unknown <dir>', 'folder with photos of unknown people, who are not in --known')
    .option('--references <count>', 'photos enrolled per person; the others are searched', parseCount, 3)
    .option(
      '--views <count>',
      'photos of a person that are combined like the views of a track',
      parseCount,
      3,
    )
    .option(
      '--cross-validate <folds>',
      'divide the people into this many parts; measure each part with the threshold that gives FPIR 1 % on the other parts',
      parseCount,
    )
    .option(
      '--groups <file>',
      'JSON with lists of names by group: also measure error rates inside each group',
    )
    .option('-c, --config <file>', 'use the settings of this configuration; default: default settings')
    .option('--report <file>', 'also write an HTML page with error curves and tables')
    .option('--json', 'print JSON instead of tables')
    .action((options: EvaluateOptions) =>
      runAction(options.json === true, async () => {
        // Created before the analysis, which takes minutes, so that an unwritable path fails immediately.
        await using page = options.report === undefined ? undefined : await createPrivateFile(options.report);
        const evaluation = await evaluateIdentify(options, open);
        await page?.keep(Buffer.from(identificationPage(evaluation)));
        print(options.json === true, evaluation, () => describeIdentification(evaluation));
        return exitCodes.done;
      }),
    );
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number from 1 to 999');
}

interface Collection {
  readonly people: readonly (LabelledPerson & { readonly paths: readonly string[] })[];
  readonly strangers: readonly Sample[];
  /** Names of their files. */
  readonly strangerNames: readonly string[];
  readonly photographs: number;
  readonly refused: readonly RefusedPhotograph[];
  /** Number of photographs that enrolment accepts with a warning. */
  readonly warned: number;
}

async function evaluateIdentify(options: EvaluateOptions, open: OpenEngines): Promise<IdentifyEvaluation> {
  const written = options.groups === undefined ? {} : await readGroups(options.groups);
  await using lifetime = new Lifetime(clock);
  const { config: configPath, references } = options;
  const setup = await openReplaySetup({ configPath, cameraId: undefined, fps: undefined }, lifetime, open);
  const collection = await readCollection(options, setup);
  const { people, strangers, strangerNames, photographs, refused, warned } = collection;
  const groups = membersOf(written, collection);
  checkFolds(options, collection);
  const splits = Math.min(
    MOST_SPLITS,
    ...people.map(({ samples }) => splitCount(samples.length, references)),
  );
  const trial = { references, splits, policy: setup.match };
  const report = reportIdentification(people, strangers, trial);
  const photographOf = (name: string, sample: number): string =>
    basename(people.find((person) => person.name === name)?.paths[sample] ?? name);
  return {
    ...report,
    recogniser: setup.recogniser.id,
    people: people.length,
    strangers: strangers.length,
    photographs,
    references,
    splits,
    refused,
    warned,
    missed: report.missed.map(({ name, sample, missed, searches }) => ({
      photograph: photographOf(name, sample),
      missed,
      searches,
    })),
    accepted: report.accepted.map(({ stranger, ...counts }) => ({
      photograph: strangerNames[stranger] ?? '',
      ...counts,
    })),
    confused: report.confused.map(({ name, sample, ...counts }) => ({
      photograph: photographOf(name, sample),
      ...counts,
    })),
    groups: groupRates(people, strangers, groups, trial),
    ...calibratedAs(setup, collection, groups, trial),
    ...validated(options, collection, trial),
    site: evaluateSite(people, strangers, groups, { ...trial, views: options.views }),
  };
}

/** As the box decides; nothing where calibration is switched off. */
function calibratedAs(
  { config }: ReplaySetup,
  { people, strangers }: Collection,
  groups: readonly PeopleGroup[],
  trial: { readonly references: number; readonly splits: number; readonly policy: MatchPolicy },
): Pick<IdentifyEvaluation, 'calibrated'> {
  const targetFpir = wantedFpir(config.identification);
  if (targetFpir === undefined) return {};
  const rates = calibratedRates(people, strangers, groups, { ...trial, targetFpir });
  return { calibrated: { targetFpir, rates } };
}

const CROSS_VALIDATED_FPIR = 0.01;

/** Photographs whose names differ only in the number at their end show one stranger. */
export const strangerOf = (file: string): string => parse(file).name.replace(/[-_ ]*\d+$/, '') || file;

/** Throws `too-many-folds`. */
function checkFolds({ crossValidate: folds }: EvaluateOptions, { people, strangerNames }: Collection): void {
  const most = Math.min(people.length, new Set(strangerNames.map(strangerOf)).size);
  if (folds === undefined || (folds >= 2 && folds <= most)) return;
  throw badInput('too-many-folds', `--cross-validate ${folds} is not possible with these photos`, {
    remedy: `Give a number from 2 to ${most}: every part needs a known person and an unknown person.`,
  });
}

function validated(
  { crossValidate: folds, references }: EvaluateOptions,
  { people, strangers, strangerNames }: Collection,
  { splits, policy }: { readonly splits: number; readonly policy: MatchPolicy },
): Pick<IdentifyEvaluation, 'crossValidation'> {
  if (folds === undefined) return {};
  const named = strangers.map((sample, index) => ({
    ...sample,
    name: strangerOf(strangerNames[index] ?? ''),
  }));
  const { margin } = policy;
  const options = { folds, references, splits, margin, targetFpir: CROSS_VALIDATED_FPIR };
  return { crossValidation: crossValidate(people, named, options) };
}

async function readCollection(options: EvaluateOptions, setup: ReplaySetup): Promise<Collection> {
  const known = await readPeople(options.known);
  const usable = known.filter(({ paths }) => paths.length > options.references);
  const left = known.filter((person) => !usable.includes(person)).map(({ name }) => name);
  if (usable.length < 2) {
    throw badInput(
      'too-few-photographs',
      `fewer than two people have more than ${counted(options.references, 'photo')}`,
      {
        remedy: 'Add photos or lower --references. Each person needs at least one more photo to search with.',
      },
    );
  }
  const note = evaluationNotes(options);
  if (left.length > 0) note(`left out because of too few photos: ${left.join(', ')}`);
  const refused: RefusedPhotograph[] = [];
  let warned = 0;
  const sample = async (path: string): Promise<Sample> => {
    const { embedding, refusal, warnings } = await samplePhoto(path, setup.analyser);
    if (refusal === undefined && warnings.length > 0) warned += 1;
    if (refusal !== undefined) {
      const isFailureToAcquire = embedding === undefined;
      refused.push({ photograph: basename(path), reason: refusal, isFailureToAcquire });
    }
    return { embedding, isEnrollable: refusal === undefined };
  };
  const people: Collection['people'][number][] = [];
  for (const { name, paths } of usable) {
    people.push({ name, paths, samples: await inOrder(paths, sample) });
    note(`${people.length}/${usable.length} people`);
  }
  const strangerPaths = await readPhotographs(options.unknown);
  note(counted(strangerPaths.length, 'unknown person', 'unknown people'));
  const strangers = await inOrder(strangerPaths, sample);
  const photographs = strangers.length + people.reduce((sum, { paths }) => sum + paths.length, 0);
  const strangerNames = strangerPaths.map((path) => basename(path));
  return { people, strangers, strangerNames, photographs, refused, warned };
}

type WrittenGroups = Readonly<Record<string, readonly string[]>>;

/** Reads the groups of people. Throws `groups-unreadable`. */
async function readGroups(file: string): Promise<WrittenGroups> {
  try {
    return z
      .record(z.string().min(1), z.array(z.string().min(1)))
      .parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw badInput('groups-unreadable', `cannot read the groups in ${file}: ${reason}`, {
      remedy: 'Write JSON with a list of names for each group: {"north": ["ada", "grace"]}.',
      cause: error,
    });
  }
}

/** Resolves names: of a known person's folder, or of a stranger's file with or without its extension. Throws `groups-unknown-name`. */
function membersOf(written: WrittenGroups, { people, strangerNames }: Collection): readonly PeopleGroup[] {
  const known = new Set(people.map(({ name }) => name));
  const strangersCalled = (name: string): readonly number[] =>
    strangerNames.flatMap((own, index) => (own === name || parse(own).name === name ? [index] : []));
  const unknown = Object.values(written)
    .flat()
    .filter((name) => !known.has(name) && strangersCalled(name).length === 0);
  if (unknown.length > 0) {
    throw badInput(
      'groups-unknown-name',
      `the groups name people who are not evaluated: ${unknown.join(', ')}`,
      {
        remedy: "Use the names of the known people's folders and of the unknown people's files.",
      },
    );
  }
  return Object.entries(written).map(([title, names]) => ({
    title,
    names: new Set(names.filter((name) => known.has(name))),
    strangers: new Set(names.flatMap(strangersCalled)),
  }));
}

async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
