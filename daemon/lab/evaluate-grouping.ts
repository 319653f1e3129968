import { basename, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { exitCodes, print, runAction } from '../host/output.js';
import { systemClock as clock } from '../host/system-clock.js';
import { counted } from '../kernel/counted.js';
import { badInput } from '../kernel/errors.js';
import { Lifetime } from '../kernel/lifetime.js';
import { seededRandom } from '../kernel/random.js';
import {
  aimedPrecision,
  type LabelledTrack,
  type RatesAtThreshold,
  ratesByThreshold,
  type ValidatedGrouping,
  validateGrouping,
} from '../kernel/strangers/grouping-trial.js';
import type { WeighedView } from '../kernel/strangers/stranger.js';
import { table } from '../kernel/text-table.js';
import { samplePhotoView } from '../vision/photo-sample.js';
import { replayClip } from '../vision/replay-clip.js';
import { evaluationNotes } from './evaluation-notes.js';
import { readClips, readPeople } from './labelled-collection.js';
import { type OpenEngines, openReplaySetup, type ReplaySetup } from './replay-setup.js';

/** Ways of dividing the people into two halves, for cross-validation. Each half is judged once. */
const divisions = 5;
/** Fewer people cannot be divided so that both halves have false pairs. */
const fewestValidated = 6;
/** Thresholds below and above the one in force, in margins of the recogniser. */
const stepsBelow = 5;
const stepsAbove = 3;

interface EvaluateOptions {
  readonly people?: string;
  readonly clips?: string;
  readonly sequences: number;
  readonly config?: string;
  readonly json?: boolean;
}

export function registerEvaluateGrouping(evaluate: Command, open: OpenEngines): void {
  evaluate
    .command('grouping')
    .description('measure how well unknown people are told apart and recognised again')
    .option('--people <dir>', 'folder with one folder of photos per person; each photo counts as a track')
    .option(
      '--clips <dir>',
      'folder of clips with one person each: the person is the name of the first folder, or of the clip up to its first underscore',
    )
    .option('--sequences <count>', 'random orders in which the tracks come', parseCount, 10)
    .option('-c, --config <file>', 'use the settings of this configuration; default: default settings')
    .option('--json', 'print JSON instead of tables')
    .action((options: EvaluateOptions) =>
      runAction(options.json === true, async () => {
        const evaluation = await evaluateGrouping(options, open);
        print(options.json === true, evaluation, () => describeGrouping(evaluation));
        return exitCodes.done;
      }),
    );
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number from 1 to 999');
}

async function evaluateGrouping(options: EvaluateOptions, open: OpenEngines): Promise<GroupingEvaluation> {
  const { people, clips, sequences, config: configPath } = options;
  if (people === undefined && clips === undefined) {
    throw badInput('nothing-to-evaluate', 'neither photos nor clips are given', {
      remedy: 'Give --people DIR, --clips DIR or both.',
    });
  }
  await using lifetime = new Lifetime(clock);
  const setup = await openReplaySetup({ configPath, cameraId: undefined, fps: undefined }, lifetime, open);
  const note = evaluationNotes(options);
  const unusable: { photograph: string; reason: string }[] = [];
  const tracks = [
    ...(people === undefined ? [] : await tracksOfPeople(people, setup, unusable, note)),
    ...(clips === undefined ? [] : await tracksOfClips(clips, setup, note)),
  ];
  const { threshold, margin } = setup.match;
  const thresholds = Array.from({ length: stepsBelow + 1 + stepsAbove }, (_, step) =>
    Number((threshold + (step - stepsBelow) * margin).toFixed(4)),
  );
  const trial = { sequences, thresholds, random: seededRandom };
  const count = new Set(tracks.map(({ person }) => person)).size;
  return {
    ...{
      recogniser: setup.recogniser.id,
      threshold,
      people: count,
      tracks: tracks.length,
      unusable,
      sequences,
    },
    rates: ratesByThreshold(tracks, trial),
    validated: count < fewestValidated ? [] : validateGrouping(tracks, trial, divisions),
  };
}

async function tracksOfPeople(
  directory: string,
  { analyser, camera }: ReplaySetup,
  unusable: { photograph: string; reason: string }[],
  note: (text: string) => void,
): Promise<readonly LabelledTrack[]> {
  const tracks: LabelledTrack[] = [];
  for (const { name, paths } of await readPeople(directory)) {
    for (const path of paths) {
      const sample = await samplePhotoView(path, analyser, camera);
      if (typeof sample === 'string') unusable.push({ photograph: basename(path), reason: sample });
      else tracks.push({ person: name, views: [sample] });
    }
    note(name);
  }
  return tracks;
}

/** The views of a track that the core would get, the best five. */
const viewsOfTrack = 5;

async function tracksOfClips(
  directory: string,
  setup: ReplaySetup,
  note: (text: string) => void,
): Promise<readonly LabelledTrack[]> {
  const tracks: LabelledTrack[] = [];
  for (const { name, truth } of await readClips(directory)) {
    const person = truth ?? name.split('_')[0] ?? name;
    const views = new Map<string, WeighedView[]>();
    const { match, ...stages } = setup;
    const path = join(directory, name);
    for await (const { events } of replayClip({
      ...{ ...stages, path, sameFaceThreshold: match.threshold, clock },
      speed: 'max',
    })) {
      for (const event of events) {
        if (event.type !== 'sighting') continue;
        const { trackId, probes } = event.sighting;
        views.set(trackId, [...(views.get(trackId) ?? []), ...probes]);
      }
    }
    for (const seen of views.values()) {
      const best = seen.sort((a, b) => b.quality - a.quality).slice(0, viewsOfTrack);
      if (best.length > 0) tracks.push({ person, views: best });
    }
    note(name);
  }
  return tracks;
}

/** What `rollcall evaluate grouping --json` prints. Rates are 0..1, thresholds cosines. */
export interface GroupingEvaluation {
  readonly recogniser: string;
  /** The threshold in force. */
  readonly threshold: number;
  readonly people: number;
  readonly tracks: number;
  /** Photographs without a face, or that a camera would not use. */
  readonly unusable: readonly { readonly photograph: string; readonly reason: string }[];
  readonly sequences: number;
  readonly rates: readonly RatesAtThreshold[];
  /** Empty if there are too few people. */
  readonly validated: readonly ValidatedGrouping[];
}

const percent = (rate: number): string => `${(rate * 100).toFixed(1)} %`;

const columns = ['threshold', 'precision', 'recall', 'B³ precision', 'B³ recall', 'groups', 'false pairs'];

function rowOf({ threshold, rates }: RatesAtThreshold): readonly string[] {
  const { precision, recall, trackPrecision, trackRecall, groups, falsePairs } = rates;
  return [
    threshold.toFixed(3),
    ...[precision, recall, trackPrecision, trackRecall].map(percent),
    groups.toFixed(1),
    falsePairs.toFixed(1),
  ];
}

/** The evaluation as text. */
export function describeGrouping(evaluation: GroupingEvaluation): string {
  const { recogniser, people, tracks, unusable, sequences, rates, validated, threshold } = evaluation;
  const pairs = rates[0]?.rates.matedPairs ?? 0;
  const lines = [
    `${recogniser}: ${counted(tracks, 'track')} of ${counted(people, 'person', 'people')}, ${counted(pairs, 'pair')} of tracks of one person; ${counted(unusable.length, 'photo')} left out as unusable`,
    `Means of ${counted(sequences, 'random order')}. Precision and recall count pairs of tracks; B³ (B-cubed) averages over tracks. The threshold in force is ${threshold}.`,
    '',
    table(columns, rates.map(rowOf)),
  ];
  if (validated.length === 0) return [...lines, '', 'Too few people to cross-validate.'].join('\n');
  return [
    ...lines,
    '',
    `Cross-validated: the threshold with the best recall at precision ${percent(aimedPrecision)}, chosen on one half of the people and judged on the other`,
    table(
      ['people', 'tracks', ...columns],
      validated.map((each) => [String(each.people), String(each.tracks), ...rowOf(each)]),
    ),
    meanLine(validated),
  ].join('\n');
}

function meanLine(validated: GroupingEvaluation['validated']): string {
  const mean = (of: (each: RatesAtThreshold) => number): string =>
    percent(validated.reduce((sum, each) => sum + of(each), 0) / validated.length);
  const least = (of: (each: RatesAtThreshold) => number): string => percent(Math.min(...validated.map(of)));
  const precision = ({ rates }: RatesAtThreshold): number => rates.precision;
  const recall = ({ rates }: RatesAtThreshold): number => rates.recall;
  return `mean precision ${mean(precision)} (least ${least(precision)}), mean recall ${mean(recall)} (least ${least(recall)})`;
}
