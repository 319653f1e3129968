import { counted } from '../kernel/counted.js';
import type { Interval } from '../kernel/identification/error-rates.js';
import {
  attackSpecies,
  type LengthRates,
  type OutcomeRates,
  type PassageLength,
  type Presentation,
  type Share,
  type StillPictureCall,
} from '../kernel/liveness/presentation-rates.js';
import { table } from '../kernel/text-table.js';
import { rateText } from './blink-report.js';
import { type SkippedClip, skipWords } from './truth-files.js';

/** What `rollcall evaluate liveness --json` prints. */
export interface LivenessEvaluation {
  /** Frames analysed per second while a face is tracked. */
  readonly fps: number;
  /** The same until a face has proven to be live. */
  readonly provingFps: number;
  /** How long shorter clips were played, seconds. */
  readonly loopS: number | null;
  /** `near`: nearly equal views of a frame share a result; `none`: the networks ran for every view. */
  readonly memory: 'near' | 'none';
  /** Persons in the gallery; null without one. */
  readonly enrolled: number | null;
  readonly rates: readonly LengthRates[];
  readonly stillPictures: readonly StillPictureCall[];
  readonly skipped: readonly SkippedClip[];
  readonly presentations: readonly Presentation[];
}

/** The evaluation as text: tables for genuine people and for each kind of attack, and the reasons of undetermined verdicts. */
export function describeLiveness(evaluation: LivenessEvaluation): string {
  const { rates, stillPictures, skipped, enrolled } = evaluation;
  const genuine = rates.filter((each) => each.genuine !== undefined);
  const sections = [
    introduction(evaluation),
    ...(genuine.length === 0
      ? []
      : [
          `genuine people: live, undetermined (BPNRR), attack (BPCER)\n${outcomeTable(rates, ({ genuine: own }) => own, enrolled !== null)}`,
        ]),
    ...attackSpecies.flatMap((species) =>
      rates.some(({ attacks }) => attacks[species] !== undefined)
        ? [
            `attacks with ${species}: live (APCER), undetermined (APNRR), attack\n${outcomeTable(rates, ({ attacks }) => attacks[species], false)}`,
          ]
        : [],
    ),
    ...nonResponseSection(rates),
    ...stillSection(stillPictures),
    ...errorsSection(evaluation),
    ...(skipped.length === 0
      ? []
      : [
          `left out: ${counted(skipped.length, 'clip')}\n${skipped.map(({ clip, reason }) => `  ${clip} (${skipWords[reason]})`).join('\n')}`,
        ]),
  ];
  return sections.join('\n\n');
}

function introduction({ loopS, memory, enrolled, ...rates }: LivenessEvaluation): string {
  return [
    `${rateText(rates)}. Every passage starts with fresh stages. Intervals are 95 % (Wilson); a trial is one person or, for`,
    'attacks, one clip, because the passages of one clip are not independent.',
    loopS === null
      ? 'A passage is as long as the clip allows.'
      : `Clips shorter than ${loopS} s were repeated up to that length; "looped" counts passages longer than their clip.`,
    memory === 'near'
      ? 'Nearly equal views of the same frame share a result of the networks.'
      : 'The networks ran for every view.',
    ...(enrolled === null ? [] : [`${counted(enrolled, 'person', 'persons')} enrolled.`]),
  ].join('\n');
}

function outcomeTable(
  rates: readonly LengthRates[],
  pick: (rates: LengthRates) => OutcomeRates | undefined,
  hasGallery: boolean,
): string {
  const rows = rates.flatMap((each) => {
    const own = pick(each);
    if (own === undefined) return [];
    const { presentations, looped, clips, people, live, undetermined, attack, recognised, misrecognised } =
      own;
    return [
      [
        lengthText(each.lengthS),
        ...[presentations, looped, clips, people].map(String),
        ...[live, undetermined, attack].map(shareText),
        ...(hasGallery ? [shareText(recognised), shareText(misrecognised)] : []),
      ],
    ];
  });
  const heading = ['length', 'passages', 'looped', 'clips', 'people', 'live', 'undetermined', 'attack'];
  return table([...heading, ...(hasGallery ? ['recognised', 'as another'] : [])], rows);
}

function lengthText(lengthS: PassageLength): string {
  return lengthS === 'whole' ? lengthS : `${lengthS} s`;
}

function shareText(share: Share | undefined): string {
  if (share === undefined) return '';
  const [low, high]: Interval = share.interval;
  const percent = (part: number): string => (100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0);
  return `${percent(share.share)} % (${percent(low)} to ${percent(high)})`;
}

function nonResponseSection(rates: readonly LengthRates[]): readonly string[] {
  const rows = rates.flatMap(({ lengthS, genuine, attacks }) =>
    [['genuine', genuine] as const, ...attackSpecies.map((species) => [species, attacks[species]] as const)]
      .filter(([, own]) => own !== undefined && own.undetermined.count > 0)
      .map(([kind, own]) => [
        lengthText(lengthS),
        kind,
        Object.entries(own?.nonResponses ?? {})
          .map(([reason, count]) => `${reason} ${count}`)
          .join(', '),
      ]),
  );
  return rows.length === 0
    ? []
    : [`why there was no verdict\n${table(['length', 'shows', 'reasons'], rows)}`];
}

function stillSection(calls: readonly StillPictureCall[]): readonly string[] {
  if (calls.length === 0) return [];
  const rows = calls.map(({ clip, species, call, observedS }) => [
    clip,
    species,
    call === undefined ? 'never' : call.observedS.toFixed(1),
    call === undefined ? '' : call.afterS.toFixed(1),
    observedS.toFixed(1),
  ]);
  const heading = [
    'still picture',
    'species',
    'called after s of good views',
    'after s',
    'good views in all s',
  ];
  return [table(heading, rows)];
}

/** The wrong verdicts, each with its clip. */
function errorsSection({ presentations }: LivenessEvaluation): readonly string[] {
  const isError = ({ species, verdict }: Presentation): boolean =>
    verdict === (species === undefined ? 'attack' : 'live');
  const rows = presentations
    .filter(isError)
    .map(({ clip, species, lengthS, startS, verdict, reason }) => [
      clip,
      species ?? 'genuine',
      lengthText(lengthS),
      startS.toFixed(1),
      `${verdict} (${reason})`,
    ]);
  return rows.length === 0 ? [] : [`errors\n${table(['clip', 'shows', 'length', 'from s', 'ended'], rows)}`];
}
