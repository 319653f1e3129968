/*
 * What a threshold for each person brings: strangers accepted and known people missed, with one threshold for all and with
 * calibrated ones, and apart for strangers who resemble enrolled people.
 *
 *   scripts/bench calibration --known DIR --unknown DIR --alike-known DIR --alike-unknown DIR [--references 3] [--splits 20]
 *                             [--recogniser dlib-resnet]
 *
 * Folders as for rollcall evaluate identify. The people of both known folders are enrolled together; --alike-unknown holds the
 * strangers who resemble those of --alike-known.
 */
import { basename } from 'node:path';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { type RecogniserName, recogniserNames } from '../../daemon/contract/settings/vision-schema.js';
import { openModelStore } from '../../daemon/host/models/store.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { calibrate, fpirOf, likenesses } from '../../daemon/kernel/identification/calibration.js';
import { wilsonInterval } from '../../daemon/kernel/identification/error-rates.js';
import {
  chooseReferences,
  type LabelledPerson,
  runTrial,
  type Sample,
  type Search,
  splitCount,
} from '../../daemon/kernel/identification/identification-trial.js';
import type { MatchPolicy } from '../../daemon/kernel/identification/match.js';
import { personId } from '../../daemon/kernel/ids.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { readPeople, readPhotographs } from '../../daemon/lab/labelled-collection.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { matchPolicy } from '../../daemon/vision/operating-point.js';
import { samplePhoto } from '../../daemon/vision/photo-sample.js';
import { recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench calibration', {
  options: {
    known: { type: 'string' },
    unknown: { type: 'string' },
    'alike-known': { type: 'string' },
    'alike-unknown': { type: 'string' },
    references: { type: 'string', default: '3' },
    splits: { type: 'string', default: '20' },
    recogniser: { type: 'string', default: 'mobilefacenet' },
  },
});
const { known, unknown, 'alike-known': alikeKnown, 'alike-unknown': alikeUnknown } = values;
const recogniserName = recogniserNames.find((name) => name === values.recogniser);
if (!known || !unknown || !alikeKnown || !alikeUnknown || !recogniserName) {
  console.error(
    'usage: calibration.ts --known DIR --unknown DIR --alike-known DIR --alike-unknown DIR [--references N] [--splits N] [--recogniser NAME]',
  );
  process.exit(2);
}
const references = Number(values.references);
const splits = Number(values.splits);
const targets = [undefined, 0.05, 0.01, 0.001] as const;

await using sampler = await openSampler(recogniserName);
const { policy } = sampler;

/** Of `Naoto_Kan_0001.jpg`, who it shows. */
const shownOn = (path: string): string => basename(path).replace(/_\d+\.\w+$/, '');

const alike = await sampler.peopleIn(alikeKnown, references);
const people = [...(await sampler.peopleIn(known, references)), ...alike];
const [ordinaryPaths, alikePaths] = [await readPhotographs(unknown), await readPhotographs(alikeUnknown)];
const strangerPaths = [...ordinaryPaths, ...alikePaths];
const strangers = await sampler.samples(strangerPaths);
const isAlike = (stranger: number): boolean => stranger >= ordinaryPaths.length;

/** The thresholds of one gallery: as `runTrial` enrols it. */
function thresholdsOf(split: number, targetFpir: number | undefined) {
  const enrolled = people.map(({ name, samples: own }) => {
    const ways = splitCount(own.length, references);
    const chosen = new Set(chooseReferences(own.length, references, Math.floor((split * ways) / splits)));
    const usable = own.flatMap(({ embedding, isEnrollable }, index) =>
      chosen.has(index) && isEnrollable && embedding ? [embedding] : [],
    );
    return { personId: personId(name), references: usable };
  });
  return calibrate(likenesses(enrolled.filter((person) => person.references.length > 0)), {
    ...{ floor: policy.threshold, margin: policy.margin, targetFpir },
  });
}

/** A share with its interval, for as many independent trials as there are persons behind it. */
function described(share: number, persons: number): string {
  const [low, high] = wilsonInterval(share, persons);
  const percent = (value: number): string => (100 * value).toFixed(1);
  return `${percent(share)} % (${percent(low)} to ${percent(high)})`;
}

const personsOn = (paths: readonly string[]): number => new Set(paths.map(shownOn)).size;

console.log(
  `${recogniserName}: ${people.length} people enrolled with ${references} photographs each, ${alike.length} of them with look-alikes; ` +
    `strangers: ${personsOn(ordinaryPaths)} people on ${ordinaryPaths.length} photographs, and ${personsOn(alikePaths)} on ${alikePaths.length} who resemble an enrolled person; ${splits} galleries; ` +
    `threshold ${policy.threshold}, margin ${policy.margin}`,
);
console.log(
  'target | FPIR, others | FPIR, look-alikes | FPIR, all | FNIR | FNIR, look-alikes | thresholds | expected FPIR',
);
for (const target of targets) {
  const counts = { others: [0, 0], alike: [0, 0], all: [0, 0], missed: [0, 0], missedAlike: [0, 0] };
  const add = (count: number[], isCounted: boolean): void => {
    count[0] = (count[0] ?? 0) + (isCounted ? 1 : 0);
    count[1] = (count[1] ?? 0) + 1;
  };
  const used: number[] = [];
  const expected: number[] = [];
  for (let split = 0; split < splits; split += 1) {
    const found = thresholdsOf(split, target);
    const thresholds = new Map<string, number>(found.map(({ personId: id, threshold }) => [id, threshold]));
    used.push(...thresholds.values());
    expected.push(fpirOf(found.map(({ fmr = 0 }) => fmr)));
    const isAccepted = ({ best, margin, nearest }: Search): boolean =>
      nearest !== undefined && best >= (thresholds.get(nearest) ?? 1) && margin >= policy.margin;
    const trial = runTrial(people, strangers, { references, split, splits });
    for (const search of trial.nonMated) {
      add(isAlike(search.stranger) ? counts.alike : counts.others, isAccepted(search));
      add(counts.all, isAccepted(search));
    }
    for (const search of trial.mated) {
      const isMissed = !(search.isRankOne && isAccepted(search));
      add(counts.missed, isMissed);
      if (alike.some(({ name }) => name === search.name)) add(counts.missedAlike, isMissed);
    }
  }
  const share = ([counted = 0, all = 0]: readonly number[]): number => (all === 0 ? 0 : counted / all);
  used.sort((a, b) => a - b);
  const quantile = (at: number): string => (used[Math.floor(at * (used.length - 1))] ?? 0).toFixed(3);
  console.log(
    [
      target === undefined ? 'none' : `${100 * target} %`,
      described(share(counts.others), personsOn(ordinaryPaths)),
      described(share(counts.alike), personsOn(alikePaths)),
      described(share(counts.all), personsOn(strangerPaths)),
      described(share(counts.missed), people.length),
      described(share(counts.missedAlike), alike.length),
      `${quantile(0)}, ${quantile(0.5)}, ${quantile(1)}`,
      described(
        share([expected.reduce((sum, each) => sum + each, 0), expected.length]),
        personsOn(strangerPaths),
      ),
    ].join(' | '),
  );
}

/** Turns labelled photographs into what trials are made of, with one recogniser at its own operating point. */
interface Sampler extends AsyncDisposable {
  readonly policy: MatchPolicy;
  samples(paths: readonly string[]): Promise<Sample[]>;
  /** The people of a folder with more photographs each than `references`, by name. */
  peopleIn(directory: string, references: number): Promise<LabelledPerson[]>;
}

async function openSampler(recogniser: RecogniserName): Promise<Sampler> {
  const lifetime = new Lifetime(systemClock);
  const models = await openModelStore();
  const inference = { provider: 'cpu', detector: 'auto', passivePad: 'none', threads: 1 } as const;
  const analyser = lifetime.use(
    'face analyser',
    await openFaceAnalyser({ ...inference, models, recogniser, logger: silentLogger }),
  );
  const config = configSchema.parse({
    site: { id: 'bench', timeZone: 'UTC' },
    cameras: [{ id: 'clip', name: 'Clip', url: 'rtsp://127.0.0.1/' }],
  });
  const samples = async (paths: readonly string[]): Promise<Sample[]> => {
    const found: Sample[] = [];
    for (const path of paths) {
      const { embedding, refusal } = await samplePhoto(path, analyser);
      found.push({ embedding, isEnrollable: refusal === undefined });
    }
    return found;
  };
  return {
    policy: matchPolicy(config, recogniserInUse(models, recogniser).pack),
    samples,
    async peopleIn(directory, references) {
      const found: LabelledPerson[] = [];
      for (const { name, paths } of await readPeople(directory))
        if (paths.length > references) found.push({ name, samples: await samples(paths) });
      return found;
    },
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}
