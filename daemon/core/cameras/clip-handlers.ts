import type { Handlers } from '../../contract/handlers.js';
import {
  type ClipVerdict,
  type livenessOperations,
  maximumClipBytes,
  refusedClips,
} from '../../contract/liveness.js';
import type { ClipOutcome } from '../../contract/vision/vision-answers.js';
import { badInput } from '../../kernel/errors.js';
import {
  answerInClip,
  type ChallengeAction,
  defaultChallengePolicy,
  judgedByChallenge,
} from '../../kernel/liveness/challenge.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import type { ClipToJudge, PhotoProcess } from './photo-process.js';

/** The operation on clips. Nothing is stored. */
export function clipHandlers(clips: Pick<PhotoProcess, 'judgeClip'>): Handlers<typeof livenessOperations> {
  return {
    'liveness.judge-clip': async ({ clip, fps, challenge }) =>
      clipVerdictOf(await analysedClip(clips, clip, { fps, isEmbedded: false }), challenge),
  };
}

export type AnalysedClip = Extract<ClipOutcome, { outcome: 'ok' }>;

/** Has a clip analysed. @throws `request-too-large`, `vision-unavailable`, `refusedClips` */
export async function analysedClip(
  clips: Pick<PhotoProcess, 'judgeClip'>,
  clip: readonly Uint8Array[],
  how: ClipToJudge,
): Promise<AnalysedClip> {
  if (clip.reduce((sum, { length }) => sum + length, 0) > maximumClipBytes) {
    const mebibytes = maximumClipBytes / 1024 / 1024;
    throw refusal('request-too-large:clip', { mebibytes });
  }
  const outcome = await clips.judgeClip(clip, how);
  if (outcome.outcome === 'ok') return outcome;
  const { code, message, remedy, says } = outcome;
  // The code comes from the process that parsed the clip, which a clip may have taken over.
  throw badInput(refusedClips.find((known) => known === code) ?? 'clip-unreadable', message, {
    remedy,
    ...present({ says }),
  });
}

/** The verdict on an analysed clip, by the rules for cameras. */
export function clipVerdictOf(
  { liveness, ...about }: AnalysedClip,
  challenge: readonly ChallengeAction[] | undefined,
): ClipVerdict {
  const { unboundBlinks, sameFaceMs, passiveScore, ...rest } = liveness.evidence;
  const { blinks, gestures } = rest;
  const evidence = { ...rest, ...present({ passiveScore }) };
  const { durationS, faceWidthPx, faceCount } = about;
  const { verdict, reason } = liveness;
  if (challenge === undefined) return { verdict, reason, evidence, durationS, faceWidthPx, faceCount };
  const seen = { gestures, blinks: [...blinks, ...unboundBlinks], sameFaceMs };
  const answer = answerInClip(challenge, seen, defaultChallengePolicy);
  const assessment = { verdict, reason, evidence: { ...evidence, unboundBlinks } };
  const judged = judgedByChallenge(assessment, answer.isPassed ? 'passed' : 'open');
  return {
    ...{ verdict: judged.verdict, reason: judged.reason, evidence },
    ...{ durationS, faceWidthPx, faceCount, challenge: answer },
  };
}
