/*
 * How often strangers of a group of people are accepted beside all strangers, with more strangers than were photographed: every
 * known person plays one, too, in the gallery without this person. Compares a higher threshold for all, a threshold that rises
 * where many persons come near, and a threshold for each person.
 *
 *   scripts/bench look-alikes --known DIR [--known DIR] --unknown DIR [--unknown DIR] --groups FILE
 *                             [--references 3] [--splits 20] [--views 1 --views 3] [--recogniser dlib-resnet]
 *
 * Folders as for rollcall evaluate identify. Photographs whose names differ only in the number at their end show one stranger. The
 * groups are JSON with lists of names, without the number: {"sisters": ["ada", "grace"]}. All people are enrolled together.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readPhotographs } from '../../daemon/cli/import/labelled-photographs.js';
import { recogniserNames } from '../../daemon/config/vision-schema.js';
import { wilsonInterval } from '../../daemon/domain/identification/error-rates.js';
import type { LabelledPerson } from '../../daemon/domain/identification/identification-trial.js';
import type { MatchPolicy } from '../../daemon/domain/identification/match.js';
import { openSampler } from './labelled-samples.js';
import {
  calibratedThresholds,
  countRule,
  crowdThreshold,
  meanOver,
  type NamedSample,
  oneThreshold,
  type Rule,
  standInTracks,
} from './stand-in-strangers.js';

const { values } = parseArgs({
  options: {
    known: { type: 'string', multiple: true, default: [] },
    unknown: { type: 'string', multiple: true, default: [] },
    groups: { type: 'string' },
    references: { type: 'string', default: '3' },
    splits: { type: 'string', default: '20' },
    views: { type: 'string', multiple: true, default: ['1', '3'] },
    recogniser: { type: 'string', default: 'mobilefacenet' },
  },
});
const firstRule = 'operating point';
const recogniser = recogniserNames.find((name) => name === values.recogniser);
if (values.known.length === 0 || values.unknown.length === 0 || !values.groups || !recogniser) {
  console.error(
    'usage: look-alikes.ts --known DIR --unknown DIR --groups FILE [--references N] [--splits N] [--views N] [--recogniser NAME]',
  );
  process.exit(2);
}
const written = z
  .record(z.string(), z.array(z.string()))
  .parse(JSON.parse(await readFile(values.groups, 'utf8')));
const groups = Object.entries(written).map(([title, names]) => ({ title, names: new Set(names) }));
const [references, splits] = [Number(values.references), Number(values.splits)];

await using sampler = await openSampler(recogniser);
const people: LabelledPerson[] = [];
for (const directory of values.known) people.push(...(await sampler.peopleIn(directory, references)));
const strangers: NamedSample[] = [];
for (const directory of values.unknown) {
  const paths = await readPhotographs(directory);
  for (const [index, sample] of (await sampler.samples(paths)).entries())
    strangers.push({ ...sample, name: basename(paths[index] ?? '').replace(/[-_ ]*\d*\.\w+$/, '') });
}
printTables({ people, strangers, policy: sampler.policy });

function printTables(given: {
  readonly people: readonly LabelledPerson[];
  readonly strangers: readonly NamedSample[];
  readonly policy: MatchPolicy;
}): void {
  const { policy } = given;
  console.log(
    `${recogniser}: ${given.people.length} people enrolled with ${references} photographs each, who also play strangers, and ` +
      `${new Set(given.strangers.map(({ name }) => name)).size} strangers; ${splits} galleries; threshold ${policy.threshold}, margin ` +
      `${policy.margin}; every person counts once; 95 % intervals for the number of people`,
  );
  for (const views of values.views.map(Number)) {
    const tracks = standInTracks(given.people, given.strangers, { references, splits, views });
    const titles = groups.flatMap(({ title }) => [`FPIR, ${title}`, `FNIR, ${title}`]);
    console.log(`\n${['rule', 'FPIR', 'FNIR', ...titles].join(' | ')}   (tracks of ${views} photographs)`);
    for (const [name, rule] of rulesFor(policy)) {
      const { acceptedOf, missedOf, takenFor } = countRule(tracks, rule);
      const cells = [undefined, ...groups.map(({ names }) => names)].flatMap((group) => [
        described(meanOver(acceptedOf, group)),
        described(meanOver(missedOf, group)),
      ]);
      console.log([name, ...cells].join(' | '));
      if (name !== firstRule) continue;
      for (const [pair, share] of takenFor) console.log(`  ${pair}: ${percent(share)} % of tracks`);
    }
  }
}

function rulesFor(policy: MatchPolicy): readonly (readonly [string, Rule])[] {
  const raised = [0.02, 0.05, 0.1].map((share) => {
    const threshold = policy.threshold + share * (1 - policy.threshold);
    return [`threshold ${threshold.toFixed(3)}`, oneThreshold({ ...policy, threshold })] as const;
  });
  const crowded = [0.5, 1].map(
    (weight) => [`crowd, weight ${weight}`, crowdThreshold(policy, weight)] as const,
  );
  const calibrated = [0.05, 0.01, 0.001].map(
    (target) => [`target ${100 * target} %`, calibratedThresholds(policy, target)] as const,
  );
  return [[firstRule, oneThreshold(policy)], ...raised, ...crowded, ...calibrated];
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}

function described(rate: { readonly share: number; readonly people: number } | undefined): string {
  if (rate === undefined) return '-';
  const [low, high] = wilsonInterval(rate.share, rate.people);
  return `${percent(rate.share)} % (${percent(low)} to ${percent(high)}; ${rate.people})`;
}
