import { type GuidedPictureAnswer, guideHintTexts } from '../../contract/guided-enrolment.js';
import type { CutOutcome, GuidedOutcome } from '../../contract/vision/vision-answers.js';
import { wipe } from '../../host/sodium.js';
import { badInput } from '../../kernel/errors.js';
import { type EyesSeen, type GuideHint, stepOf } from '../../kernel/persons/enrolment-guidance.js';
import { present } from '../../kernel/present.js';
import { failure, refusal } from '../../words/errors.js';

/** Pictures that may wait before a vision process: enrolments and programs use the same one. */
const mostWaiting = 8;

/** What the box says of one picture. */
export type Guidance = Omit<GuidedPictureAnswer, 'enrolment'>;
export type MainFace = NonNullable<Extract<GuidedOutcome, { outcome: 'ok' }>['main']>;

/** The main face as callers see it. */
export function seenFace(main: MainFace, eyes: EyesSeen) {
  const { face, quality, yawDeg, pitchDeg } = main;
  return {
    ...{ box: face.box, qualityScore: quality.score, qualityReasons: quality.reasons },
    ...present({ pose: stepOf(main) }),
    ...{ yawDeg, pitchDeg, eyes },
  };
}

export const spoken = (code: GuideHint) => ({ code, sentence: guideHintTexts[code] });

/** The JPEGs that a vision process cut from a clip. */
export function piecesOf(cut: CutOutcome): readonly Buffer[] {
  if (cut.outcome === 'refused') {
    const { message, remedy, says } = cut;
    throw badInput('clip-unreadable', message, { remedy, ...present({ says }) });
  }
  let offset = 0;
  const pieces = cut.sizes.map((size) => {
    offset += size;
    return Buffer.from(cut.picture.subarray(offset - size, offset));
  });
  wipe(cut.picture);
  return pieces;
}

/** @throws `busy` */
export function refuseIfBusy({ waitingCount }: { readonly waitingCount: number }): void {
  if (waitingCount >= mostWaiting) throw busy(`${waitingCount} pictures wait before it`);
}

export function busy(why: string) {
  return failure('busy:guided-photo', { why }, { details: { retryAfterS: 1 }, retryable: true });
}

export function consentOpen() {
  return refusal('consent-open');
}

export function noSuchEnrolment() {
  return refusal('no-such-enrolment');
}
