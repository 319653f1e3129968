import { BLURRED_UNDER, DARK_UNDER, LARGEST_PITCH_DEG, LARGEST_YAW_DEG } from '../faces/judge-view.js';
import type { QualityReason } from '../faces/quality.js';
import type { ViewMeasures } from '../faces/view-tally.js';
import type { NearPerson } from '../identification/identify-track.js';
import type { PersonId } from '../ids.js';
import type { Passage, PassageCooldown } from './passage.js';
import type { PassageReason } from './passage-reason.js';
import { reasonTexts } from './passage-reason-text.js';

/** Why a passage ended as it did, and what can be done. Both begin with a small letter and end without a full stop. */
interface PassageExplanation {
  readonly sentence: string;
  /** Absent if nothing is wrong. */
  readonly remedy?: string;
}

/** How a person is called in the sentence: by name for those who may read names, otherwise by id. */
type CallPerson = (id: PersonId) => string;

/** Explains a passage, also one that is still open. */
export function explainPassage(passage: Passage, call: CallPerson): PassageExplanation {
  const { remedy } = reasonTexts[passage.reason];
  const { assignedTo } = passage;
  const assigned =
    assignedTo === undefined ? [] : [`an operator said later that this is ${call(assignedTo)}`];
  const sentence = [...recognised(passage, call), sentences[passage.reason](passage, call), ...assigned].join(
    '; ',
  );
  return { sentence, ...(remedy === undefined ? {} : { remedy }) };
}

/** The person whom the box recognised, in front of what happened. */
function recognised({ personId, nearest, outcome }: Passage, call: CallPerson): readonly string[] {
  if (personId === undefined) return [];
  const similarity = nearest.find((near) => near.personId === personId)?.similarity;
  const who = [call(personId), ...(similarity === undefined ? [] : [similarity.toFixed(3)])].join(', ');
  return [outcome === 'attack' ? `the face of ${who}` : `recognised as ${who}`];
}

type Sentence = (passage: Passage, call: CallPerson) => string;

const unproven = (missing: (passage: Passage) => string): Sentence => {
  return (passage) => `life not proven: ${missing(passage)}; ${demandOf(passage)}`;
};

const sentences: Readonly<Record<PassageReason, Sentence>> = {
  attended: ({ liveness: { reason, blinkCount, observedS } }) =>
    reason === 'challenge-passed'
      ? 'life proven by a challenge'
      : `life proven: ${blinksIn(blinkCount)} in ${seconds(observedS)}`,
  'attended-without-proof': () => 'no attack was detected, and the camera demands no proof of life',
  'attended-before': (passage) =>
    `${passage.outcome === 'unproven' ? 'life not proven this time, but ' : ''}an attendance was recorded${before(passage)}`,
  'no-blink': unproven((passage) => `${inSight(passage)}, ${blinksIn(passage.liveness.blinkCount)}`),
  'blink-not-bound': unproven(
    (passage) => `${inSight(passage)}; a blink was seen, but no good view after it showed who blinked`,
  ),
  'only-lids-moved': unproven(
    (passage) =>
      `${inSight(passage)}, ${blinksIn(passage.liveness.blinkCount)}, but nothing else in the face moved`,
  ),
  'movement-unclear': unproven(
    (passage) =>
      `${inSight(passage)}, ${blinksIn(passage.liveness.blinkCount)}; it was not visible whether the face moved`,
  ),
  'still-face': unproven(
    ({ liveness: { observedS } }) => `nothing in the face moved for ${seconds(observedS)}`,
  ),
  'seen-too-briefly': unproven((passage) => `${inSight(passage)}, ${blinksIn(passage.liveness.blinkCount)}`),
  'eyes-not-seen': unproven((passage) => `${inSight(passage)}, the eyes were not seen well enough`),
  'too-close': unproven((passage) => `${inSight(passage)}, the face was too close to the camera`),
  'challenge-not-passed': unproven((passage) => `${inSight(passage)}, no challenge was passed`),
  'challenge-failed': () => 'the face did not do what was asked in three challenges',
  'challenge-not-shown': unproven(() => 'no screen could show the prompt'),
  expired: () => 'the person is no longer valid',
  'not-yet-valid': () => 'the person is not valid yet',
  barred: () => 'the person is barred',
  withdrawn: () => 'the person was removed from the gallery while the face was in sight',
  'within-margin': (passage, call) =>
    isBeyondMargin(passage)
      ? `${nearestTwo(passage, call)}: these persons look alike to this box, and the face is not nearer to one of them by the margin between the two`
      : `${nearestTwo(passage, call)} matched within the margin of ${passage.margin.toFixed(2)}`,
  'inseparable-pair': (passage, call) =>
    `${nearestTwo(passage, call)} matched, and the recogniser cannot tell them apart`,
  'ambiguous-before': (passage, call) =>
    `${nearestTwo(passage, call)} matched, as reported${before(passage)}`,
  stranger: (passage, call) => `no enrolled person matches: ${nearestOne(passage, call)}`,
  'below-threshold': (passage, call) => `below the threshold: ${nearestOne(passage, call)}`,
  'below-own-threshold': (passage, call) =>
    `below the own threshold of the nearest person: ${nearestOne(passage, call)}`,
  'gallery-empty': () => 'no person is enrolled with whom the face could be compared',
  'stranger-before': ({ cooldown }) =>
    cooldown?.passageId === undefined
      ? `the same unknown person was reported${beforeIn(cooldown)}`
      : `same unknown person as passage ${cooldown.passageId}${beforeIn(cooldown)}`,
  'stranger-ignored': () => 'an unknown person whom the box was told to ignore',
  'still-picture': ({ liveness: { observedS } }) =>
    `a presented picture: the face moved as a whole and showed no life for ${seconds(observedS)}`,
  'passive-model': ({ liveness: { passiveScore } }) =>
    `the passive model found a picture, a screen or a mask${passiveScore === undefined ? '' : `: ${passiveScore.toFixed(2)} of 1`}`,
  'attack-before': (passage) => `an attack was reported${before(passage)}`,
  'too-small': (passage) =>
    faulty(passage, 'too-small', ({ widthPx, smallestFacePx }) => {
      return `too small: ${Math.round(widthPx)} px of ${Math.round(smallestFacePx)}`;
    }),
  blurred: (passage) =>
    faulty(passage, 'blurred', ({ sharpness }) => {
      return `blurred: sharpness ${sharpness.toFixed(2)} of ${BLURRED_UNDER.toFixed(2)}`;
    }),
  dark: (passage) =>
    faulty(
      passage,
      'dark',
      ({ meanLuma }) => `too dark: brightness ${Math.round(meanLuma)} of ${DARK_UNDER}`,
    ),
  overexposed: (passage) => faulty(passage, 'overexposed', () => 'overexposed'),
  'turned-away': (passage) => faulty(passage, 'turned-away', turn),
  occluded: (passage) => faulty(passage, 'occluded', () => 'the face was covered'),
  'cut-off': (passage) =>
    passage.outcome === 'unproven'
      ? unproven(() => 'a part of the face was outside the picture')(passage, String)
      : faulty(passage, 'cut-off', () => 'a part of the face was outside the picture'),
  'too-few-views': (passage) =>
    `too few good views: ${passage.views.embedded} of ${passage.views.count} views, ${inSight(passage)}`,
  'views-disagree': (passage, call) =>
    `the views do not agree on one person; the nearest ${nearestList(passage, call)}`,
  'camera-lost': (passage) => stopped(passage, 'the camera stopped delivering'),
  'vision-stopped': (passage) => stopped(passage, 'the vision process stopped, or closed the camera,'),
  'box-stopped': (passage) => stopped(passage, 'the box stopped'),
};

/** The fault of the best view, measured; or how many views had it, where the best one had not. */
function faulty({ views }: Passage, fault: QualityReason, measured: (best: ViewMeasures) => string): string {
  const share = `in ${views.faults[fault] ?? 0} of ${views.count} views`;
  const { best } = views;
  return best?.quality.reasons.includes(fault) === true
    ? `${measured(best)}; ${share}`
    : `${words[fault]} ${share}`;
}

const words: Readonly<Record<QualityReason, string>> = {
  'too-small': 'too small',
  blurred: 'blurred',
  dark: 'too dark',
  overexposed: 'overexposed',
  'turned-away': 'turned away',
  occluded: 'the face was covered',
  'cut-off': 'a part of the face was outside the picture',
};

function turn({ yawDeg, pitchDeg }: ViewMeasures): string {
  const isSideways = Math.abs(yawDeg) > LARGEST_YAW_DEG;
  return isSideways
    ? `turned away: ${Math.abs(Math.round(yawDeg))} degrees to the side, at most ${LARGEST_YAW_DEG}`
    : `turned away: ${Math.abs(Math.round(pitchDeg))} degrees up or down, at most ${LARGEST_PITCH_DEG}`;
}

function stopped(passage: Passage, what: string): string {
  const early = `${what} after ${seconds(dwellS(passage))}`;
  return passage.outcome === 'unproven' ? `life not proven: ${early}` : early;
}

function demandOf({ liveness: { require } }: Passage): string {
  if (require === 'challenge') return 'the camera demands a challenge';
  return require === 'blink'
    ? 'the camera demands a blink'
    : 'the camera waits whether an attack is detected';
}

const nearestOne: Sentence = ({ nearest: [best] }, call) =>
  best === undefined
    ? 'nobody is near'
    : `the nearest, ${call(best.personId)}, has ${reached(best)} of ${demanded(best)}`;

/** Rounded so that a similarity just below the threshold does not read as if it reached it. */
const reached = ({ similarity, threshold }: NearPerson): string =>
  similarity >= threshold
    ? similarity.toFixed(3)
    : (Math.floor(similarity * 1000 + rounding) / 1000).toFixed(3);
const demanded = ({ threshold }: NearPerson): string =>
  (Math.ceil(threshold * 1000 - rounding) / 1000).toFixed(3).replace(/0$/, '');
/** Far below what differs: 0.57 * 1000 is 569.9999999999999. */
const rounding = 1e-9;

/** True if the general margin was kept, so that only the larger one between look-alikes was not. */
const isBeyondMargin = ({ nearest: [best, second], margin }: Passage): boolean =>
  best !== undefined && best.similarity - (second?.similarity ?? -1) >= margin;

const nearestTwo: Sentence = ({ nearest }, call) =>
  nearest
    .slice(0, 2)
    .map(({ personId, similarity }) => `${call(personId)}, ${similarity.toFixed(3)}`)
    .join(', and ');

const nearestList: Sentence = ({ nearest }, call) =>
  nearest.length === 0
    ? 'is nobody'
    : `are ${nearest.map(({ personId, similarity }) => `${call(personId)}, ${similarity.toFixed(3)}`).join('; ')}`;

const before = ({ cooldown }: Passage): string => beforeIn(cooldown);

function beforeIn(cooldown: PassageCooldown | undefined): string {
  if (cooldown === undefined) return ' before';
  return ` ${seconds(cooldown.elapsedS)} before; cooldown ${seconds(cooldown.cooldownS)}`;
}

const blinksIn = (count: number): string =>
  count < 2 ? `${count === 0 ? 'no' : count} blink` : `${count} blinks`;

const inSight = (passage: Passage): string => `${seconds(dwellS(passage))} in sight`;

/** How long the face was in sight, seconds. A clock that was set back meanwhile makes it 0. */
const dwellS = ({ startedAtMs, lastSeenMs }: Passage): number => Math.max(0, lastSeenMs - startedAtMs) / 1000;

function seconds(value: number): string {
  return value < 60 && !Number.isInteger(value) ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}
