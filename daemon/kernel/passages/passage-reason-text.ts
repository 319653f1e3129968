import type { PassageOutcome } from '../passage-outcome.js';
import { type Said, said } from '../said.js';
import type { PassageReason } from './passage-reason.js';

/** What a reason means in general, for the reference page. */
interface ReasonText {
  /** The outcomes with which it occurs. */
  readonly outcomes: readonly PassageOutcome[];
  readonly meaning: string;
  /** What an owner can do; absent where nothing is wrong. */
  readonly remedy?: Said;
}

const noBlinkRemedy = said('passages/remedy-no-blink');
const lightRemedy = said('passages/remedy-light');
const nearRemedy = said('passages/remedy-near');
const cooldownRemedy = (setting: string): Said => said('passages/remedy-cooldown', { setting });
const twoPersonsRemedy = said('passages/remedy-two-persons');

export const reasonTexts: Readonly<Record<PassageReason, ReasonText>> = {
  attended: {
    outcomes: ['attended'],
    meaning: 'An enrolled person was recognised and proved life. The attendance is recorded.',
  },
  'attended-without-proof': {
    outcomes: ['attended'],
    meaning:
      'An enrolled person was recognised, and the camera demands no proof of life. The attendance is recorded.',
    remedy: said('passages/remedy-attended-without-proof'),
  },
  'attended-before': {
    outcomes: ['attended', 'unproven'],
    meaning: 'The person has an attendance at this camera within the cooldown, so none is added.',
    remedy: cooldownRemedy('attendanceCooldownS'),
  },
  'no-blink': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised and seen long enough for a blink, but showed fewer blinks than the camera demands.',
    remedy: noBlinkRemedy,
  },
  'blink-not-bound': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised and a blink was seen, but no good view after it showed that the same person blinked.',
    remedy: said('passages/remedy-blink-not-bound'),
  },
  'only-lids-moved': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised and the lids closed, but the rest of the face was as rigid as a picture, or what is behind it moved along as in one. Lids can be drawn into a picture.',
    remedy: said('passages/remedy-only-lids-moved'),
  },
  'movement-unclear': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised, but it was not visible whether the face moved or was as rigid as a picture: it was too small, turned, or in quick motion, or the image was too dark, noisy, or blurred. This is neither a sign of life nor of an attack.',
    remedy: said('passages/remedy-movement-unclear'),
  },
  'still-face': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised, but nothing in the face moved for seconds. A picture looks like this, also while it is turned, and so does a person who sits still.',
    remedy: said('passages/remedy-still-face'),
  },
  'seen-too-briefly': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised, but the eyes were seen for less time than between two blinks.',
    remedy: noBlinkRemedy,
  },
  'eyes-not-seen': {
    outcomes: ['unproven'],
    meaning: 'An enrolled person was recognised, but the eyes were not seen well enough to see a blink.',
    remedy: said('passages/remedy-eyes-not-seen'),
  },
  'too-close': {
    outcomes: ['unproven'],
    meaning: 'An enrolled person was recognised, but the face was too large for the picture.',
    remedy: said('passages/remedy-too-close'),
  },
  'challenge-not-passed': {
    outcomes: ['unproven'],
    meaning: 'The camera demands a challenge, and the person did not pass it.',
    remedy: said('passages/remedy-challenge-not-passed'),
  },
  'challenge-failed': {
    outcomes: ['attack'],
    meaning:
      'The face did not do what was asked in three challenges. The box treats this as a presentation attack.',
    remedy: said('passages/remedy-challenge-failed'),
  },
  'challenge-not-shown': {
    outcomes: ['unproven'],
    meaning: 'The camera demands a challenge, and no screen could show the prompt.',
    remedy: said('passages/remedy-challenge-not-shown'),
  },
  expired: {
    outcomes: ['refused'],
    meaning: 'An enrolled person was recognised whose validity has ended. No attendance is recorded.',
    remedy: said('passages/remedy-expired'),
  },
  'not-yet-valid': {
    outcomes: ['refused'],
    meaning: 'An enrolled person was recognised whose validity has not begun. No attendance is recorded.',
    remedy: said('passages/remedy-not-yet-valid'),
  },
  barred: {
    outcomes: ['refused'],
    meaning: 'An enrolled person was recognised who is barred. No attendance is recorded.',
  },
  withdrawn: {
    outcomes: ['refused'],
    meaning:
      'The person, or a photo of the person, was removed from the gallery while the face was in sight. The passage names no one.',
  },
  'within-margin': {
    outcomes: ['ambiguous'],
    meaning:
      'Two enrolled persons are similar to the face, and the margin between them is too small. Persons who look alike to this box need a larger margin.',
    remedy: twoPersonsRemedy,
  },
  'inseparable-pair': {
    outcomes: ['ambiguous'],
    meaning: 'The face matches one of two enrolled persons whom this recogniser cannot tell apart.',
    remedy: twoPersonsRemedy,
  },
  'ambiguous-before': {
    outcomes: ['ambiguous'],
    meaning: 'The same two persons were reported as ambiguous at this camera within the cooldown.',
    remedy: cooldownRemedy('attendanceCooldownS'),
  },
  stranger: {
    outcomes: ['stranger'],
    meaning: 'No enrolled person is similar to the face.',
    remedy: said('passages/remedy-stranger'),
  },
  'below-threshold': {
    outcomes: ['stranger'],
    meaning:
      'The nearest enrolled person is a little less similar than the threshold demands: within two margins of it.',
    remedy: nearRemedy,
  },
  'below-own-threshold': {
    outcomes: ['stranger'],
    meaning:
      'The nearest enrolled person reaches the general threshold, but not the stricter one of this person.',
    remedy: said('passages/remedy-below-own-threshold'),
  },
  'gallery-empty': {
    outcomes: ['stranger'],
    meaning: 'There is no enrolled person with whom the face could be compared.',
    remedy: said('passages/remedy-gallery-empty'),
  },
  'stranger-before': {
    outcomes: ['stranger'],
    meaning: 'The same unknown person was reported at this camera within the cooldown.',
    remedy: cooldownRemedy('unknownCooldownS'),
  },
  'stranger-ignored': {
    outcomes: ['stranger'],
    meaning: 'The unknown person is one whom an operator told the box to ignore.',
  },
  'still-picture': {
    outcomes: ['attack'],
    meaning:
      'The face neither blinked nor moved in itself while it moved as a whole, as a picture in a hand does.',
    remedy: said('passages/remedy-still-picture'),
  },
  'passive-model': {
    outcomes: ['attack'],
    meaning: 'The passive model found signs of a picture, a screen or a mask.',
    remedy: said('passages/remedy-passive-model'),
  },
  'attack-before': {
    outcomes: ['attack'],
    meaning: 'An attack was reported at this camera within the cooldown.',
    remedy: cooldownRemedy('attackCooldownS'),
  },
  'too-small': {
    outcomes: ['undecided'],
    meaning: 'Most views of the face were smaller than smallestFacePx of the camera.',
    remedy: said('passages/remedy-too-small'),
  },
  blurred: {
    outcomes: ['undecided'],
    meaning: 'Most views of the face were blurred.',
    remedy: said('passages/remedy-blurred'),
  },
  dark: {
    outcomes: ['undecided'],
    meaning: 'Most views of the face were too dark.',
    remedy: lightRemedy,
  },
  overexposed: {
    outcomes: ['undecided'],
    meaning: 'Most views of the face were overexposed.',
    remedy: lightRemedy,
  },
  'turned-away': {
    outcomes: ['undecided'],
    meaning: 'In most views the face was turned away from the camera.',
    remedy: said('passages/remedy-turned-away'),
  },
  occluded: {
    outcomes: ['undecided'],
    meaning: 'In most views a mask, a scarf, dark glasses, a hand or another thing covered the face.',
    remedy: said('passages/remedy-occluded'),
  },
  'cut-off': {
    outcomes: ['undecided', 'unproven'],
    meaning: 'In most views a part of the face was outside the picture.',
    remedy: said('passages/remedy-cut-off'),
  },
  'too-few-views': {
    outcomes: ['undecided'],
    meaning: 'Too few good views could be compared with the gallery.',
    remedy: said('passages/remedy-too-few-views'),
  },
  'views-disagree': {
    outcomes: ['undecided'],
    meaning:
      'The views of the face do not agree on one person. Two people may have crossed in front of the camera.',
    remedy: said('passages/remedy-views-disagree'),
  },
  'camera-lost': {
    outcomes: ['undecided', 'unproven'],
    meaning: 'The camera stopped delivering pictures before the box could decide.',
    remedy: said('passages/remedy-camera-lost'),
  },
  'vision-stopped': {
    outcomes: ['undecided', 'unproven'],
    meaning:
      'The vision process of the camera stopped, or the camera was closed for a change of the configuration, before the box could decide.',
    remedy: said('passages/remedy-vision-stopped'),
  },
  'box-stopped': {
    outcomes: ['undecided', 'unproven'],
    meaning: 'The daemon stopped before the box could decide.',
    remedy: said('passages/remedy-box-stopped'),
  },
};
