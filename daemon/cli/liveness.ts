import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { ClipVerdict } from '../contract/liveness.js';
import { explainReading } from '../host/file-access.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { counted } from '../kernel/counted.js';
import { badInput } from '../kernel/errors.js';
import { type ChallengeAction, challengeActions } from '../kernel/liveness/challenge.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openBox } from './daemon-client.js';

interface LivenessOptions extends CommonOptions {
  readonly challenge?: readonly ChallengeAction[];
  readonly fps: number;
}

export function registerLiveness(program: Command): void {
  withCommonOptions(program.command('liveness'))
    .argument('<file...>', 'a clip, or at least three photos in the order in which they were taken')
    .option(
      '--challenge <actions>',
      `actions that the clip must show, in this order: ${challengeActions.join(', ')}`,
      parseActions,
    )
    .option('--fps <rate>', 'photos a second', parseFps, 15)
    .description(
      'tell whether a clip shows a live person, by the rules for cameras of this box; exit code 1 if not',
    )
    .action((paths: readonly string[], options: LivenessOptions) =>
      runAction(options.json === true, async () => {
        const { challenge, fps } = options;
        if (paths.length === 2) {
          throw badInput('too-few-photographs', 'two photos are too few to follow a face', {
            remedy: 'Give one clip, or at least three photos.',
          });
        }
        const files: Buffer[] = [];
        for (const path of paths) files.push(await readClip(path));
        const { client } = await openBox(options.config);
        const asked = challenge === undefined ? undefined : [...challenge];
        const verdict = await client.call('liveness.judge-clip', { clip: files, fps, challenge: asked });
        print(options.json === true, verdict, () => describeVerdict(verdict, challenge));
        return verdict.verdict === 'live' ? exitCodes.done : exitCodes.failed;
      }),
    );
}

async function readClip(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { reason, remedy } = explainReading(error);
    throw badInput('file-unreadable', `${path} cannot be read: ${reason}`, { remedy, cause: error });
  }
}

function parseActions(text: string): readonly ChallengeAction[] {
  return text.split(',').map((word) => {
    const action = challengeActions.find((each) => each === word.trim());
    if (action !== undefined) return action;
    throw new InvalidArgumentError(`must be a comma-separated list of: ${challengeActions.join(', ')}`);
  });
}

function parseFps(text: string): number {
  const fps = Number(text);
  if (fps >= 1 && fps <= 60) return fps;
  throw new InvalidArgumentError('must be a number from 1 to 60');
}

function describeVerdict(
  { verdict, reason, evidence, durationS, faceWidthPx, challenge }: ClipVerdict,
  asked: readonly ChallengeAction[] = [],
): string {
  const at = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const gestures = evidence.gestures.map(({ kind, startMs }) => `${kind} at ${at(startMs)}`);
  const lines = [
    `${verdict} (${reason})`,
    `face: ${Math.round(faceWidthPx)} px wide, seen for ${durationS.toFixed(1)} s; eyes well seen for ${evidence.observedS.toFixed(1)} s in ${counted(evidence.frameCount, 'frame')}`,
    `blinks: ${evidence.blinks.map(({ atMs }) => at(atMs)).join(', ') || 'none'}`,
    `head: ${gestures.join(', ') || 'no gesture'}`,
  ];
  if (challenge === undefined) return lines.join('\n');
  const wrong = challenge.wrong === undefined ? '' : `; the next action was ${challenge.wrong}`;
  lines.push(`challenge: ${challenge.doneCount} of ${counted(asked.length, 'action')} done${wrong}`);
  return lines.join('\n');
}
