import { type ChallengeAction, challengeActions } from '../../daemon/kernel/liveness/challenge.js';
import { type CastMember, cast } from './cast.js';
import { renderedClip } from './rendered-clip.js';
import { type ClipMount, type RtspServerOptions, rtspUrl, startRtspServerProcess } from './rtsp-server.js';
import { type FaceScene, type Scenario, scenarioSchema } from './scenario.js';

/**
 * How a subject meets prompts. `obedient`: does what each one says. `lazy`: does the first and nothing more. `replaying`: a
 * recording of a person who turns, looks up, nods and blinks, at its own times and in its own order.
 */
export const subjectKinds = ['obedient', 'lazy', 'replaying'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

export interface SubjectOptions extends Omit<RtspServerOptions, 'mounts'> {
  readonly kind: SubjectKind;
  /** What the recording of a replaying subject shows, over and over. Default: every action once. */
  readonly recorded?: readonly ChallengeAction[];
  /** Default Ada. */
  readonly who?: CastMember;
  readonly widthPx?: number;
  readonly heightPx?: number;
  /** Default 15. */
  readonly framesPerS?: number;
}

/** A person before a camera on the network. */
export interface Subject extends AsyncDisposable {
  readonly url: string;
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  /** Shows the subject a prompt. It begins within 1.3 s, if it minds. */
  prompt(action: ChallengeAction): void;
}

/** Key frames come once a second: an act begins on one. */
const restS = 3;
const actS = 2;

type Moment = Pick<FaceScene, 'gestures' | 'blinks'>;

const resting: Moment = { blinks: [{ atS: 1.6, durationS: 0.26 }] };

function momentOf(action: ChallengeAction): Moment {
  if (action !== 'blink-twice') return { blinks: 'never', gestures: [{ atS: 0.1, kind: action }] };
  return { blinks: [0.4, 0.85].map((atS) => ({ atS, durationS: 0.26 })) };
}

/** An order that is not the order of `challengeActions`. */
const everyAction: readonly ChallengeAction[] = ['nod', 'turn-left', 'blink-twice', 'turn-right', 'look-up'];

/** One scene for resting, and one for each action, all in the same place: those that `acts` names, or a recording. */
function scenarioOf({ kind, who = cast.ada, recorded = everyAction, ...options }: SubjectOptions): Scenario {
  const { widthPx = 960, heightPx = 540, framesPerS = 15 } = options;
  const path = [{ atS: 0, x: 0.5, y: 0.5, faceWidthPx: Math.round(0.36 * heightPx) }];
  const scene = (seconds: number, moment: Moment) => ({
    ...{ kind: 'face', photo: who.photo, face: who.face, path, seconds },
    ...moment,
  });
  const actions = kind === 'replaying' ? recorded : challengeActions;
  const scenes = [scene(restS, resting), ...actions.map((action) => scene(actS, momentOf(action)))];
  return scenarioSchema.parse({ widthPx, heightPx, framesPerS, seed: 5, scenes });
}

/** Which parts of the clip show what. */
function actsOf(): NonNullable<ClipMount['acts']> {
  const acts = challengeActions.map((action, index) => {
    const first = restS + index * actS;
    return [action, [first, first + actS]] as const;
  });
  return { rest: [0, restS], ...Object.fromEntries(acts) };
}

const mount = '/door';

/** Renders a subject (once: the clip is kept) and serves it by RTSP. Throws what rendering and the server throw. */
export async function startSubject(options: SubjectOptions): Promise<Subject> {
  const { kind, recorded: _r, who: _, widthPx: _w, heightPx: _h, framesPerS: _f, ...serving } = options;
  const file = await renderedClip(scenarioOf(options));
  const server = await startRtspServerProcess({
    ...serving,
    mounts: { [mount]: kind === 'replaying' ? { file } : { file, acts: actsOf() } },
  });
  let prompts = 0;
  return {
    url: rtspUrl(server.port, mount, {
      host: options.address ?? '127.0.0.1',
      isEncrypted: options.tls !== undefined,
    }),
    ended: server.ended,
    prompt(action) {
      prompts += 1;
      if (kind === 'obedient' || (kind === 'lazy' && prompts === 1)) server.perform(mount, action);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
