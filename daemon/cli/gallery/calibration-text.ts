import { counted } from '../../base/counted.js';
import type { AlikePair, CalibratedPerson, GalleryCalibrationReport } from '../../control/gallery-control.js';
import type { ThresholdReason } from '../../domain/identification/calibration.js';
import { table } from '../output.js';

/** Rows shown as text at most; JSON has them all. */
const mostShown = 50;

const reasons: Readonly<Record<ThresholdReason, string>> = {
  floor: 'threshold of the box',
  neighbour: 'above the nearest person',
  strangers: 'for the target',
  manual: 'set by hand',
};

/** What came of a calibration, for a person to read. */
export function describeCalibration(report: GalleryCalibrationReport): string {
  const { recogniser, floor, targetFpir, expectedFpir, persons, alike, durationMs } = report;
  const seconds = (durationMs / 1000).toFixed(1);
  return [
    `compared ${counted(persons.length, 'person')} by ${recogniser} in ${seconds} s`,
    `threshold of the box: ${floor.toFixed(3)}; no person has a lower one`,
    targetFpir === undefined
      ? 'target: none is configured, so the threshold of the box counts for everybody (identification.targetFpir sets one)'
      : `target: at most ${percent(targetFpir)} of strangers may be recognised as somebody`,
    expectedFpir === undefined
      ? 'expected of strangers: too few persons are enrolled to say'
      : `expected of strangers: ${percent(expectedFpir)} are recognised as somebody, if the persons enrolled are like the strangers who come`,
    ...personLines(persons),
    ...alikeLines(alike),
  ].join('\n');
}

function personLines(persons: readonly CalibratedPerson[]): readonly string[] {
  if (persons.length === 0) return [];
  const rows = persons
    .slice(0, mostShown)
    .map(({ name, threshold, reason, note, fnmr, references, neighbours: [nearest] }) => [
      name,
      threshold.toFixed(3),
      note === undefined ? reasons[reason] : `${reasons[reason]}: ${note}`,
      fnmr === undefined ? '-' : percent(fnmr),
      String(references),
      nearest === undefined ? '-' : `${nearest.name} ${nearest.highest.toFixed(3)}`,
    ]);
  const heading = ['person', 'threshold', 'why', 'missed', 'references', 'nearest person'];
  const more = persons.length - rows.length;
  return [table(heading, rows), ...(more > 0 ? [`… and ${more} more (--json shows all)`] : [])];
}

function alikeLines(alike: readonly AlikePair[]): readonly string[] {
  if (alike.length === 0)
    return ['no two persons reach the threshold of the box in comparison with each other'];
  const rows = alike
    .slice(0, mostShown)
    .map(({ a, b, similarity, isSeparable }) => [
      a.name,
      b.name,
      similarity.toFixed(3),
      isSeparable ? 'alike' : 'cannot be told apart',
    ]);
  const more = alike.length - rows.length;
  return [
    `${counted(alike.length, 'pair')} of persons look alike to this recogniser:`,
    table(['person', 'person', 'similarity', 'verdict'], rows),
    ...(more > 0 ? [`… and ${more} more (--json shows all)`] : []),
    "  what to do: enrol more photographs of each of them, made by the cameras of the site. Use a second factor, such as a card, for those who cannot be told apart, or take one of them out of recognition ('rollcall person remove'). Another recogniser may tell them apart (docs/models.md). If both are one person, erase one of the two.",
  ];
}

/** A share as per cent with two digits that tell something. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
