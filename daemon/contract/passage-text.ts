import { counted } from '../kernel/counted.js';
import { table } from '../kernel/text-table.js';
import type { ShownWith, ShowTime, SiteClock } from './command-line.js';
import { eyeLines, seconds } from './eye-text.js';
import type {
  MarkEffect,
  MarkOutcome,
  PassageDetails,
  PassageItem,
  PersonRef,
  ReadablePassage,
} from './passages.js';

/** Ids of passages begin with the time in milliseconds: so much of an id names one passage of a box. */
const shortId = (id: string): string => id.slice(0, 13);

const unreadableText = 'cannot be opened: its key is gone, or the row was damaged';

/** Who passed, for a column. */
function whoText({ person, stranger }: ReadablePassage): string {
  if (person !== undefined) return personText(person);
  if (stranger !== undefined) return `${stranger.id}, visit ${stranger.visit}`;
  return '-';
}

/** The name, or the id where the caller may not read names. */
const personText = ({ id, name }: PersonRef): string => name ?? id;

/** A table of passages, in the given order. */
export function describePassages(passages: readonly PassageItem[], { show }: SiteClock): string {
  if (passages.length === 0) return 'no passages found';
  const rows = passages.map((passage) =>
    'unreadable' in passage
      ? ['-', '-', '-', '-', unreadableText, '-', shortId(passage.id)]
      : [
          show(passage.startedAt),
          passage.camera,
          whoText(passage),
          passage.outcome,
          passage.reason,
          passage.end === undefined ? 'in sight' : seconds(passage.inSightS),
          shortId(passage.id),
        ],
  );
  return table(['time', 'camera', 'who', 'outcome', 'reason', 'seen for', 'id'], rows);
}

/** Two lines for one passage of a stream: the facts, and why. */
export function passageLine(passage: PassageItem, show: ShowTime): string {
  if ('unreadable' in passage) return `${shortId(passage.id)}  ${unreadableText}`;
  const { startedAt, camera, outcome, reason, inSightS, id, sentence } = passage;
  const facts = [show(startedAt), camera, whoText(passage), outcome, reason, seconds(inSightS), shortId(id)];
  return `${facts.join('  ')}\n  ${sentence}`;
}

/** Why the box did what it did: who, when and where, the sentence, the remedy, and what was measured. */
export function describeWhy(
  passage: PassageDetails,
  { show, isPictureGiven }: Pick<ShownWith, 'show' | 'isPictureGiven'>,
): string {
  const { startedAt, camera, inSightS, end, outcome, reason, sentence, remedy, id, events, mark } = passage;
  return [
    `passage ${id}`,
    `  who      ${whoText(passage)}`,
    `  when     ${show(startedAt)}, ${end === undefined ? 'still in sight' : `in sight for ${seconds(inSightS)}`}`,
    `  where    ${camera}`,
    `  outcome  ${outcome} (${reason})`,
    ...(end === undefined || end === 'left' ? [] : [`  end      ${endWords[end]}`]),
    `why: ${sentence}`,
    ...(remedy === undefined ? [] : [`what to do: ${remedy}`]),
    ...(mark === undefined ? [] : [`marked: ${show(mark.at)}, ${markedWords(mark)}`]),
    'what the box measured:',
    ...viewLines(passage).map((line) => `  ${line}`),
    ...nearestLines(passage).map((line) => `  ${line}`),
    `  ${livenessLine(passage)}`,
    ...eyeLines(passage.liveness.openness).map((line) => `  ${line}`),
    ...cooldownLines(passage).map((line) => `  ${line}`),
    `  events: ${events.length === 0 ? 'none' : events.join(', ')}`,
    ...(isPictureGiven && passage.hasPicture ? [] : [pictureLine(passage)]),
  ].join('\n');
}

function markedWords({ was, person }: NonNullable<PassageDetails['mark']>): string {
  if (was === 'person') return `it was ${person?.name ?? person?.id ?? 'a person'}`;
  return was === 'stranger' ? 'it was an unknown person' : 'it was no living face';
}

function pictureLine({ hasPicture, id }: PassageDetails): string {
  return hasPicture
    ? `picture: rollcall passages why ${shortId(id)} --picture FILE`
    : 'picture: none kept (evidence and retention in the configuration decide)';
}

const endWords = {
  left: 'the person left',
  'another-face': 'another face took its place',
  'camera-lost': 'the camera stopped delivering',
  'vision-stopped': 'the vision process stopped, or closed the camera',
  'box-stopped': 'the daemon stopped',
} as const;

function viewLines({ views: { count, embedded, faults, best } }: PassageDetails): readonly string[] {
  const found = Object.entries(faults)
    .filter(([, views]) => views > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([fault, views]) => `${fault} in ${views}`);
  const lines = [
    `views: ${count}, of which ${embedded} were compared${found.length === 0 ? '' : `; faults: ${found.join(', ')}`}`,
  ];
  if (best === undefined) return lines;
  const { widthPx, yawDeg, pitchDeg, meanLuma, sharpness, score } = best;
  lines.push(
    [
      `best view: quality ${score.toFixed(2)}`,
      `face ${Math.round(widthPx)} px wide`,
      `turned ${Math.round(yawDeg)}°, tilted ${Math.round(pitchDeg)}°`,
      `brightness ${Math.round(meanLuma)} of 255`,
      `sharpness ${sharpness.toFixed(2)}`,
    ].join(', '),
  );
  return lines;
}

function nearestLines({ nearest, margin }: PassageDetails): readonly string[] {
  if (nearest.length === 0) return ['nearest: no comparison with an enrolled person'];
  const near = nearest.map(
    ({ person, similarity, threshold }) =>
      `${personText(person)} ${similarity.toFixed(3)} of ${threshold.toFixed(3)}`,
  );
  return [`nearest: ${near.join('; ')}; margin ${margin.toFixed(3)}`];
}

function livenessLine({ liveness }: PassageDetails): string {
  const { verdict, reason, blinkCount, observedS, frameCount, require, passiveScore } = liveness;
  return [
    `life: ${verdict} (${reason})`,
    counted(blinkCount, 'blink'),
    `${seconds(observedS)} in which a blink would show`,
    `eyes measured in ${counted(frameCount, 'frame')}`,
    ...(passiveScore === undefined ? [] : [`model ${passiveScore.toFixed(2)}`]),
    `the camera demands ${require}`,
  ].join(', ');
}

function cooldownLines({ cooldown }: PassageDetails): readonly string[] {
  if (cooldown === undefined) return [];
  const { elapsedS, cooldownS, passage } = cooldown;
  const earlier = passage === undefined ? '' : `; earlier passage ${shortId(passage)}`;
  return [`cooldown: ${Math.round(elapsedS)} s of ${Math.round(cooldownS)} s${earlier}`];
}

export function describeMark({ corrections }: MarkOutcome, done = 'marked'): string {
  if (corrections === 0) return `${done}; no attendance had to be corrected`;
  return `${done}; ${corrections === 1 ? '1 attendance was' : `${corrections} attendances were`} corrected`;
}

/** What a mark does to thresholds, a sentence for each person. */
export function effectText({ thresholds }: MarkEffect): string {
  return thresholds
    .filter(({ before, after }) => after !== before)
    .map(({ person, before, after, comparisons, lost }) => {
      const change = `The threshold of ${personText(person)} changes from ${before.toFixed(3)} to ${after.toFixed(3)}.`;
      const cost = `${lost} of ${comparisons} comparisons of this person's own photos no longer match.`;
      return lost === 0 ? change : `${change} ${cost}`;
    })
    .join('\n');
}
