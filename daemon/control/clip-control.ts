import { z } from 'zod';
import {
  answerInClip,
  type ChallengeAction,
  type ClipAnswer,
  challengeActions,
  defaultChallengePolicy,
  judgedByChallenge,
} from '../domain/liveness/challenge.js';
import { largestClipMiB, mostClipFiles } from '../domain/liveness/clip-limits.js';
import type { JudgedLiveness } from '../domain/liveness/liveness.js';
import type { ClipOutcome } from '../vision/protocol.js';
import { badRequest, decodeFramed, encodeFramed } from './framed-body.js';

/** What is to be judged: one clip, or photographs that were taken one after the other. */
export interface ClipRequest {
  readonly files: readonly Uint8Array[];
  /** Photographs a second; of no meaning for a clip. */
  readonly fps: number;
  /** What the clip has to show, in this order; absent: nothing. */
  readonly challenge?: readonly ChallengeAction[];
}

/** Whether a clip shows a live person; of several faces, of the one that was seen for longest. */
export interface ClipVerdict extends Pick<JudgedLiveness, 'verdict' | 'reason'> {
  /** Times in milliseconds since the beginning of the clip. */
  readonly evidence: Omit<JudgedLiveness['evidence'], 'unboundBlinks' | 'sameFaceMs'>;
  /** How long the face was seen, seconds. */
  readonly durationS: number;
  readonly faceWidthPx: number;
  readonly faceCount: number;
  readonly challenge?: ClipAnswer;
}

/** All files of a request together, bytes. */
const largestClipBytes = largestClipMiB * 1024 * 1024;
const longestLineBytes = 16_384;

const headSchema = z.strictObject({
  fps: z.number().min(1).max(60),
  challenge: z.array(z.enum(challengeActions)).min(1).max(9).exactOptional(),
});

/** A request as it travels over the local API. */
export function encodeClip({ files, ...head }: ClipRequest): Buffer {
  return encodeFramed(head, files);
}

/** The inverse of `encodeClip`. @throws `bad-request` */
export function decodeClip(body: Buffer): ClipRequest {
  const { head, files } = decodeFramed(body, longestLineBytes);
  const parsed = headSchema.safeParse(head);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  if (files.length === 0 || files.length > mostClipFiles) {
    throw badRequest(`there must be from 1 to ${mostClipFiles} files`);
  }
  if (files.reduce((sum, { length }) => sum + length, 0) > largestClipBytes) {
    const remedy = 'send a shorter clip, or one of fewer pixels: 640 wide is plenty';
    throw badRequest(`the files are larger than ${largestClipMiB} MiB`, remedy);
  }
  return { ...parsed.data, files };
}

/** What is made of a clip that was looked at, by the rules of a camera. */
export function clipVerdict(
  { liveness, ...about }: Extract<ClipOutcome, { outcome: 'ok' }>,
  challenge: ClipRequest['challenge'],
): ClipVerdict {
  const { unboundBlinks, sameFaceMs, passiveScore, ...rest } = liveness.evidence;
  const { blinks, gestures } = rest;
  const evidence = { ...rest, ...(passiveScore === undefined ? {} : { passiveScore }) };
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
