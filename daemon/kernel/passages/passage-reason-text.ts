import type { PassageOutcome } from '../passage-outcome.js';
import type { PassageReason } from './passage-reason.js';

/** What a reason means in general, for the reference page. */
interface ReasonText {
  /** The outcomes with which it occurs. */
  readonly outcomes: readonly PassageOutcome[];
  readonly meaning: string;
  /** What an owner can do; absent where nothing is wrong. */
  readonly remedy?: string;
}

const noBlinkRemedy =
  'Let people pause and look at the camera for a few seconds, or require less proof with liveness.require (docs/reference/attendance.md).';
const lightRemedy = 'Change the light at the camera, or its exposure.';
const nearRemedy =
  'Enrol the person again with photos from this camera, and lower identification.threshold only after a measurement (docs/explanation/calibration.md).';
const cooldownRemedy = (setting: string): string =>
  `Nothing is wrong. To report each passage, lower rules.${setting}.`;
const twoPersonsRemedy =
  'Enrol both persons with more photos in the light of this camera. See what rollcall gallery calibrate tells of the pair.';

export const reasonTexts: Readonly<Record<PassageReason, ReasonText>> = {
  attended: {
    outcomes: ['attended'],
    meaning: 'An enrolled person was recognised and proved life. The attendance is recorded.',
  },
  'attended-without-proof': {
    outcomes: ['attended'],
    meaning:
      'An enrolled person was recognised, and the camera demands no proof of life. The attendance is recorded.',
    remedy: 'To demand a proof of life, set liveness.require to blink or challenge.',
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
    remedy: 'Let people look at the camera for a moment longer, and see which faults the views have.',
  },
  'only-lids-moved': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised and the lids closed, but the rest of the face was as rigid as a picture, or what is behind it moved along as in one. Lids can be drawn into a picture.',
    remedy:
      'Let people look at the camera for a few seconds and turn their heads a little, or pair a display and set liveness.require to challenge.',
  },
  'movement-unclear': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised, but it was not visible whether the face moved or was as rigid as a picture: it was too small, turned, or in quick motion, or the image was too dark, noisy, or blurred. This is neither a sign of life nor of an attack.',
    remedy:
      'Give the camera more light, focus it, or move it closer, and let people stand still and look at it for a few seconds. Otherwise, pair a display and set liveness.require to challenge.',
  },
  'still-face': {
    outcomes: ['unproven'],
    meaning:
      'An enrolled person was recognised, but nothing in the face moved for seconds. A picture looks like this, also while it is turned, and so does a person who sits still.',
    remedy:
      'Let people look at the camera and turn their heads a little, or pair a display and set liveness.require to challenge.',
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
    remedy: 'Mount the camera at the height of the eyes, and see that the eyes are large and lit enough.',
  },
  'too-close': {
    outcomes: ['unproven'],
    meaning: 'An enrolled person was recognised, but the face was too large for the picture.',
    remedy: 'Let people stand further away, or turn the camera.',
  },
  'challenge-not-passed': {
    outcomes: ['unproven'],
    meaning: 'The camera demands a challenge, and the person did not pass it.',
    remedy: 'See that people can read the prompts at the camera (docs/reference/challenge.md).',
  },
  'challenge-failed': {
    outcomes: ['attack'],
    meaning:
      'The face did not do what was asked in three challenges. The box treats this as a presentation attack.',
    remedy:
      'Look at the picture. See that people can read the prompts at the camera (docs/reference/challenge.md).',
  },
  'challenge-not-shown': {
    outcomes: ['unproven'],
    meaning: 'The camera demands a challenge, and no screen could show the prompt.',
    remedy:
      'See that the broker or the webhook of liveness.promptWebhook takes prompts (docs/reference/challenge.md).',
  },
  expired: {
    outcomes: ['refused'],
    meaning: 'An enrolled person was recognised whose validity has ended. No attendance is recorded.',
    remedy: 'Change the last day of the person, or remove the person.',
  },
  'not-yet-valid': {
    outcomes: ['refused'],
    meaning: 'An enrolled person was recognised whose validity has not begun. No attendance is recorded.',
    remedy: 'Change the first day of the person.',
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
    remedy: 'If the person is enrolled, enrol the person again with photos from this camera.',
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
    remedy:
      'Enrol the person again with photos from this camera. rollcall gallery calibrate shows why the own threshold is stricter.',
  },
  'gallery-empty': {
    outcomes: ['stranger'],
    meaning: 'There is no enrolled person with whom the face could be compared.',
    remedy: "Enrol people: 'rollcall person add'.",
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
    remedy: 'Look at the picture. If a person stood there, raise liveness.attackAfterS.',
  },
  'passive-model': {
    outcomes: ['attack'],
    meaning: 'The passive model found signs of a picture, a screen or a mask.',
    remedy:
      'Look at the picture. If people are often refused, measure the passive model (docs/reference/attendance.md).',
  },
  'attack-before': {
    outcomes: ['attack'],
    meaning: 'An attack was reported at this camera within the cooldown.',
    remedy: cooldownRemedy('attackCooldownS'),
  },
  'too-small': {
    outcomes: ['undecided'],
    meaning: 'Most views of the face were smaller than smallestFacePx of the camera.',
    remedy: 'Mount the camera nearer to where people stop, or choose a stream with more pixels.',
  },
  blurred: {
    outcomes: ['undecided'],
    meaning: 'Most views of the face were blurred.',
    remedy: 'Clean and focus the lens, and give more light, so that the camera exposes for a shorter time.',
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
    remedy: 'Mount the camera where people look as they pass, at the height of the eyes.',
  },
  occluded: {
    outcomes: ['undecided'],
    meaning: 'In most views a mask, a scarf, dark glasses, a hand or another thing covered the face.',
    remedy: 'Ask people to show the face at the camera.',
  },
  'cut-off': {
    outcomes: ['undecided', 'unproven'],
    meaning: 'In most views a part of the face was outside the picture.',
    remedy: 'Turn the camera, so that faces pass through the middle of the picture.',
  },
  'too-few-views': {
    outcomes: ['undecided'],
    meaning: 'Too few good views could be compared with the gallery.',
    remedy: 'Let people stay longer in front of the camera, or analyse more frames a second (rates).',
  },
  'views-disagree': {
    outcomes: ['undecided'],
    meaning:
      'The views of the face do not agree on one person. Two people may have crossed in front of the camera.',
    remedy: 'Let people pass one by one, and enrol the nearest persons with more photos.',
  },
  'camera-lost': {
    outcomes: ['undecided', 'unproven'],
    meaning: 'The camera stopped delivering pictures before the box could decide.',
    remedy: "See 'rollcall camera list'.",
  },
  'vision-stopped': {
    outcomes: ['undecided', 'unproven'],
    meaning:
      'The vision process of the camera stopped, or the camera was closed for a change of the configuration, before the box could decide.',
    remedy: "See 'rollcall status' and the log of rollcalld.",
  },
  'box-stopped': {
    outcomes: ['undecided', 'unproven'],
    meaning: 'The daemon stopped before the box could decide.',
    remedy: "See 'journalctl -u rollcalld'.",
  },
};
