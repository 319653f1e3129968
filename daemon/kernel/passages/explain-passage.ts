import { BLURRED_UNDER, DARK_UNDER, LARGEST_PITCH_DEG, LARGEST_YAW_DEG } from '../faces/judge-view.js';
import type { QualityReason } from '../faces/quality.js';
import type { ViewMeasures } from '../faces/view-tally.js';
import type { NearPerson } from '../identification/identify-track.js';
import type { PersonId } from '../ids.js';
import { type Said, said } from '../said.js';
import type { Passage, PassageCooldown } from './passage.js';
import type { PassageReason } from './passage-reason.js';
import { reasonTexts } from './passage-reason-text.js';

/** Why a passage ended as it did, and what can be done. The messages are in `daemon/words/LANGUAGE/passages.json`. */
interface PassageExplanation {
  /** Continues a line: it begins small and ends without a full stop. */
  readonly sentence: Said;
  /** Absent if nothing is wrong. */
  readonly remedy?: Said;
}

/** How a person is called in the sentence: by name for those who may read names, otherwise by id. */
type CallPerson = (id: PersonId) => string;

/** Explains a passage, also one that is still open. */
export function explainPassage(passage: Passage, call: CallPerson): PassageExplanation {
  const { remedy } = reasonTexts[passage.reason];
  const { assignedTo } = passage;
  const parts = [
    ...recognised(passage, call),
    sentences[passage.reason](passage, call),
    ...(assignedTo === undefined ? [] : [said('passages/assigned', { person: call(assignedTo) })]),
  ];
  const sentence = parts.reduce((first, second) => said('passages/joined', { first, second }));
  return { sentence, ...(remedy === undefined ? {} : { remedy }) };
}

/** The person whom the box recognised, in front of what happened. */
function recognised({ personId, nearest, outcome }: Passage, call: CallPerson): readonly Said[] {
  if (personId === undefined) return [];
  const similarity = nearest.find((near) => near.personId === personId)?.similarity;
  const person =
    similarity === undefined
      ? said('passages/person', { person: call(personId) })
      : personAt(call(personId), similarity);
  return [said(outcome === 'attack' ? 'passages/face-of' : 'passages/recognised-as', { person })];
}

type Sentence = (passage: Passage, call: CallPerson) => Said;

/** A sentence without figures. */
const plain = (code: string): Sentence => {
  return () => said(code);
};

const unproven = (missing: Sentence): Sentence => {
  return (passage, call) =>
    said('passages/unproven', { missing: missing(passage, call), demand: demandOf(passage) });
};

/** What was missing, after the time in sight and the number of blinks. */
const missing = (code: string): Sentence =>
  unproven((passage) =>
    said(code, { seconds: shownS(dwellS(passage)), blinks: passage.liveness.blinkCount }),
  );

const sentences: Readonly<Record<PassageReason, Sentence>> = {
  attended: ({ liveness: { reason, blinkCount, observedS } }) =>
    reason === 'challenge-passed'
      ? said('passages/attended-challenge')
      : said('passages/attended', { blinks: blinkCount, seconds: shownS(observedS) }),
  'attended-without-proof': plain('passages/attended-without-proof'),
  'attended-before': (passage) =>
    said(passage.outcome === 'unproven' ? 'passages/attended-before-unproven' : 'passages/attended-before', {
      before: before(passage),
    }),
  'no-blink': missing('passages/blinks-in-sight'),
  'blink-not-bound': missing('passages/blink-not-bound'),
  'only-lids-moved': missing('passages/only-lids-moved'),
  'movement-unclear': missing('passages/movement-unclear'),
  'still-face': unproven(({ liveness: { observedS } }) =>
    said('passages/still-face', { seconds: shownS(observedS) }),
  ),
  'seen-too-briefly': missing('passages/blinks-in-sight'),
  'eyes-not-seen': missing('passages/eyes-not-seen'),
  'too-close': missing('passages/too-close'),
  'challenge-not-passed': missing('passages/challenge-not-passed'),
  'challenge-failed': plain('passages/challenge-failed'),
  'challenge-not-shown': unproven(plain('passages/challenge-not-shown')),
  expired: plain('passages/expired'),
  'not-yet-valid': plain('passages/not-yet-valid'),
  barred: plain('passages/barred'),
  withdrawn: plain('passages/withdrawn'),
  'within-margin': (passage, call) =>
    isBeyondMargin(passage)
      ? said('passages/look-alikes', { persons: nearestTwo(passage, call) })
      : said('passages/within-margin', { persons: nearestTwo(passage, call), margin: passage.margin }),
  'inseparable-pair': (passage, call) =>
    said('passages/inseparable-pair', { persons: nearestTwo(passage, call) }),
  'ambiguous-before': (passage, call) =>
    said('passages/ambiguous-before', { persons: nearestTwo(passage, call), before: before(passage) }),
  stranger: (passage, call) => said('passages/stranger', { nearest: nearestOne(passage, call) }),
  'below-threshold': (passage, call) =>
    said('passages/below-threshold', { nearest: nearestOne(passage, call) }),
  'below-own-threshold': (passage, call) =>
    said('passages/below-own-threshold', { nearest: nearestOne(passage, call) }),
  'gallery-empty': plain('passages/gallery-empty'),
  'stranger-before': ({ cooldown }) =>
    cooldown?.passageId === undefined
      ? said('passages/stranger-before', { before: beforeIn(cooldown) })
      : said('passages/stranger-of-passage', { passage: cooldown.passageId, before: beforeIn(cooldown) }),
  'stranger-ignored': plain('passages/stranger-ignored'),
  'still-picture': ({ liveness: { observedS } }) =>
    said('passages/still-picture', { seconds: shownS(observedS) }),
  'passive-model': ({ liveness: { passiveScore } }) =>
    passiveScore === undefined
      ? said('passages/passive-model')
      : said('passages/passive-model-score', { score: passiveScore }),
  'attack-before': (passage) => said('passages/attack-before', { before: before(passage) }),
  'too-small': (passage) =>
    faulty(passage, 'too-small', ({ widthPx, smallestFacePx }) =>
      said('passages/measured-too-small', { widthPx, smallestPx: smallestFacePx }),
    ),
  blurred: (passage) =>
    faulty(passage, 'blurred', ({ sharpness }) =>
      said('passages/measured-blurred', { sharpness, least: BLURRED_UNDER }),
    ),
  dark: (passage) =>
    faulty(passage, 'dark', ({ meanLuma }) =>
      said('passages/measured-dark', { brightness: meanLuma, least: DARK_UNDER }),
    ),
  overexposed: (passage) => faulty(passage, 'overexposed', () => said('passages/fault-overexposed')),
  'turned-away': (passage) => faulty(passage, 'turned-away', turn),
  occluded: (passage) => faulty(passage, 'occluded', () => said('passages/fault-occluded')),
  'cut-off': (passage, call) =>
    passage.outcome === 'unproven'
      ? unproven(plain('passages/fault-cut-off'))(passage, call)
      : faulty(passage, 'cut-off', () => said('passages/fault-cut-off')),
  'too-few-views': (passage) =>
    said('passages/too-few-views', {
      ...{ good: passage.views.embedded, views: passage.views.count, seconds: shownS(dwellS(passage)) },
    }),
  'views-disagree': (passage, call) =>
    passage.nearest.length === 0
      ? said('passages/views-disagree')
      : said('passages/views-disagree-nearest', { persons: nearestList(passage, call) }),
  'camera-lost': (passage) => stopped(passage, 'passages/camera-lost'),
  'vision-stopped': (passage) => stopped(passage, 'passages/vision-stopped'),
  'box-stopped': (passage) => stopped(passage, 'passages/box-stopped'),
};

/** The fault of the best view, measured; or how many views had it, where the best one had not. */
function faulty({ views }: Passage, fault: QualityReason, measured: (best: ViewMeasures) => Said): Said {
  const share = { faulty: views.faults[fault] ?? 0, views: views.count };
  const { best } = views;
  return best?.quality.reasons.includes(fault) === true
    ? said('passages/best-view', { fault: measured(best), ...share })
    : said('passages/some-views', { fault: said(`passages/fault-${fault}`), ...share });
}

function turn({ yawDeg, pitchDeg }: ViewMeasures): Said {
  const isSideways = Math.abs(yawDeg) > LARGEST_YAW_DEG;
  return isSideways
    ? said('passages/measured-turned-sideways', { degrees: Math.abs(yawDeg), most: LARGEST_YAW_DEG })
    : said('passages/measured-turned-up-or-down', { degrees: Math.abs(pitchDeg), most: LARGEST_PITCH_DEG });
}

function stopped(passage: Passage, code: string): Said {
  const early = said(code, { seconds: shownS(dwellS(passage)) });
  return passage.outcome === 'unproven' ? said('passages/unproven-stopped', { missing: early }) : early;
}

function demandOf({ liveness: { require } }: Passage): Said {
  if (require === 'challenge') return said('passages/demand-challenge');
  return said(require === 'blink' ? 'passages/demand-blink' : 'passages/demand-no-attack');
}

const nearestOne: Sentence = ({ nearest: [best] }, call) =>
  best === undefined
    ? said('passages/nobody-near')
    : said('passages/nearest', {
        ...{ person: call(best.personId), similarity: reached(best), threshold: demanded(best) },
      });

/** Rounded so that a similarity just below the threshold does not read as if it reached it. */
const reached = ({ similarity, threshold }: NearPerson): number =>
  similarity >= threshold ? similarity : Math.floor(similarity * 1000 + rounding) / 1000;
const demanded = ({ threshold }: NearPerson): number => Math.ceil(threshold * 1000 - rounding) / 1000;
/** Far below what differs: 0.57 * 1000 is 569.9999999999999. */
const rounding = 1e-9;

/** True if the general margin was kept, so that only the larger one between look-alikes was not. */
const isBeyondMargin = ({ nearest: [best, second], margin }: Passage): boolean =>
  best !== undefined && best.similarity - (second?.similarity ?? -1) >= margin;

const personAt = (person: string, similarity: number): Said =>
  said('passages/person-at', { person, similarity });

/** The nearest two persons. An ambiguity has two; a row that lost them names nobody. */
function nearestTwo({ nearest }: Passage, call: CallPerson): Said | string {
  const [first, second] = nearest.map(({ personId, similarity }) => personAt(call(personId), similarity));
  if (first === undefined) return '';
  return second === undefined ? first : said('passages/persons', { first, second });
}

const nearestList = ({ nearest }: Passage, call: CallPerson): Said =>
  nearest
    .map(({ personId, similarity }) => personAt(call(personId), similarity))
    .reduce((first, second) => said('passages/joined', { first, second }));

const before = ({ cooldown }: Passage): Said => beforeIn(cooldown);

function beforeIn(cooldown: PassageCooldown | undefined): Said {
  if (cooldown === undefined) return said('passages/before');
  const { elapsedS, cooldownS } = cooldown;
  return said('passages/before-cooldown', { seconds: shownS(elapsedS), cooldown: shownS(cooldownS) });
}

/** How long the face was in sight, seconds. A clock that was set back meanwhile makes it 0. */
const dwellS = ({ startedAtMs, lastSeenMs }: Passage): number => Math.max(0, lastSeenMs - startedAtMs) / 1000;

/** A minute and longer needs no tenths. */
const shownS = (seconds: number): number =>
  seconds < 60 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
