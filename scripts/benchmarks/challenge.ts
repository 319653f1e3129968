/*
 * Who passes a challenge: obedient people, lazy ones, and recordings of people who turn, look up, nod and blink at their own times.
 *
 *   scripts/bench challenge [--obedient 100] [--lazy 100] [--replaying 200] [--whole 3] [--fps 15] [--seed 1] [PHOTOGRAPH…]
 *
 * Without photographs, the people of the demo. A subject is drawn from a photograph, each with its own angles and speeds, and
 * everything it can do is analysed once by the networks; tries string these observations together in the order and at the times of
 * the try. Photographs of heads that look aside, and of eyes whose drawn lids hardly move, are left out. In strung tries, a face that looks ahead counts as recognised. --whole draws and analyses so many obedient tries frame by frame,
 * with detection, tracking and recognition.
 */
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { wilsonInterval } from '../../daemon/kernel/identification/error-rates.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import {
  type Challenge,
  type ChallengeAction,
  type ChallengeInput,
  type ChallengeState,
  challengeBytes,
  defaultChallengePolicy,
  drawChallenge,
  isOver,
  newChallenge,
  nextChallenge,
} from '../../daemon/kernel/liveness/challenge.js';
import type { LivenessEvidence } from '../../daemon/kernel/liveness/liveness.js';
import { assessLiveness, defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import { table } from '../../daemon/kernel/text-table.js';
import { beginTrack } from '../../daemon/kernel/tracks/track.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { openClipPipeline } from '../../daemon/vision/replay-clip.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { type AssessedView, TrackedFace } from '../../daemon/vision/tracked-face.js';
import { readOptions } from '../options.js';
import { cast } from '../virtual-camera/cast.js';
import { openFaceShapeFinder } from '../virtual-camera/face-shape.js';
import {
  asked,
  type Behaviour,
  canBlink,
  type Doing,
  faceBox,
  pictureSize,
  replaying,
  Subject,
} from './challenge-subject.js';

const { values, positionals } = readOptions('scripts/bench challenge [PHOTOGRAPH...]', {
  allowPositionals: true,
  options: {
    obedient: { type: 'string', default: '100' },
    lazy: { type: 'string', default: '100' },
    replaying: { type: 'string', default: '200' },
    whole: { type: 'string', default: '3' },
    fps: { type: 'string', default: '15' },
    seed: { type: 'string', default: '1' },
  },
});
const fps = Number(values.fps);

/** The first prompt comes when the subject has been there for so long, seconds. */
const promptAfterS = 3;
/** Nobody is asked for longer, seconds. */
const longestS = 60;

/** What one frame told, if it told anything. */
type Look = (doing: Doing, inDoingS: number, nowMs: number) => Promise<LivenessEvidence>;

/** Plays one try to its end and returns how it ended: `passed`, or why not. */
async function play(
  challenge: Challenge,
  behaviour: Behaviour,
  secondsOf: (doing: Doing) => number,
  look: Look,
): Promise<string> {
  let state: ChallengeState = newChallenge;
  let prompt: { readonly action: ChallengeAction; readonly sinceS: number } | undefined;
  let doing: Doing = 'rest';
  let sinceS = 0;
  const take = (input: ChallengeInput): void => {
    state = nextChallenge(state, input, challenge, defaultChallengePolicy);
  };
  for (let frame = 0; frame / fps < longestS && !isOver(state); frame++) {
    const nowS = frame / fps;
    const nowMs = nowS * 1000;
    if (state.phase === 'prompting' && nowS >= promptAfterS) {
      const action = challenge[state.step]?.action;
      if (action !== undefined) prompt = { action, sinceS: nowS };
      take({ kind: 'shown', sentMs: nowMs, shownMs: nowMs });
    }
    const isFree: boolean = doing === 'rest' || nowS - sinceS >= secondsOf(doing);
    const next: Doing = isFree ? behaviour.next(nowS, prompt) : doing;
    if (isFree && (next !== doing || nowS - sinceS >= secondsOf(doing))) [doing, sinceS] = [next, nowS];
    const evidence = await look(doing, nowS - sinceS, nowMs);
    if (nowS < promptAfterS) continue;
    const blinks = [...evidence.blinks, ...evidence.unboundBlinks];
    const seen = { gestures: evidence.gestures, blinks, sameFaceMs: evidence.sameFaceMs };
    take({ kind: 'seen', seen, isSamePerson: true });
    take({ kind: 'time', nowMs });
  }
  if (state.phase === 'failed' || state.phase === 'cancelled') return state.reason;
  return state.phase;
}

/** Looks at observations that were made before. */
function strung(observed: ReadonlyMap<Doing, readonly AssessedView[]>): Look {
  const face = new TrackedFace(beginTrack(trackId('t'), { atMs: 0, box: faceBox, origin: 'mesh' }));
  const options = { liveness: defaultLivenessPolicy, smallestFacePx: 40 };
  return (doing, inDoingS, nowMs) => {
    const faces = observed.get(doing) ?? [];
    const seen = faces[Math.min(faces.length - 1, Math.round(inDoingS * fps))];
    if (seen !== undefined) {
      const picture = {
        format: 'yuv420p',
        range: 'limited',
        ...pictureSize,
        data: new Uint8Array(),
      } as const;
      const frame = { cameraId: cameraId('bench'), sequence: 0, capturedAtMs: nowMs, picture };
      face.observation.observe({ ...frame, release: () => undefined }, seen, options);
    }
    if (doing === 'rest') face.observation.learn({ kind: 'same-face', atMs: nowMs }, defaultLivenessPolicy);
    return Promise.resolve(assessLiveness(face.observation.liveness, defaultLivenessPolicy).evidence);
  };
}

const noEvidence: LivenessEvidence = {
  ...{ blinks: [], unboundBlinks: [], gestures: [] },
  ...{ observedS: 0, frameCount: 0 },
};

const bytesOf = (random: Random): Uint8Array =>
  Uint8Array.from({ length: challengeBytes }, () => Math.floor(256 * random.unit()));

await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup({ configPath: undefined, cameraId: undefined, fps }, lifetime);
const finder = await openFaceShapeFinder();
lifetime.use('face shape finder', finder);
const photographs =
  positionals.length > 0 ? positionals.map((photo) => ({ photo, face: undefined })) : Object.values(cast);

interface Person {
  readonly subject: Subject;
  readonly observed: ReadonlyMap<Doing, readonly AssessedView[]>;
}
const people: Person[] = [];
const leftOut: string[] = [];
for (const [index, { photo, face }] of photographs.entries()) {
  const random = seededRandom(Number(values.seed) * 1000 + index);
  const subject = await Subject.open(photo, face, setup.analyser, finder, random);
  const observed = await subject?.analysed(setup.analyser, fps);
  if (subject === undefined || observed === undefined || !canBlink(observed)) leftOut.push(photo);
  else people.push({ subject, observed });
}
if (people.length === 0) throw new Error('no photograph shows a face that looks ahead');

/** Looks at pictures that are drawn now, with everything that a camera's session does. */
function whole(subject: Subject): Look {
  let evidence = noEvidence;
  const hear = (event: StageEvent): void => {
    if (event.type === 'sighting') evidence = event.sighting.liveness.evidence;
  };
  const { camera, analyser, liveness, match } = setup;
  const session = openClipPipeline({ camera, analyser, liveness, sameFaceThreshold: match.threshold }, hear);
  let sequence = 0;
  return async (doing, inDoingS, nowMs) => {
    const picture = subject.draw(doing, inDoingS);
    sequence += 1;
    const frame = { cameraId: cameraId('bench'), sequence, capturedAtMs: nowMs, picture };
    await session.analyse({ ...frame, release: () => undefined });
    return evidence;
  };
}

interface Kind {
  readonly name: string;
  readonly tries: number;
  readonly behave: (random: Random, number: number) => Behaviour;
  readonly lookAt: (person: Person) => Look;
}
const ready = ({ observed }: Person): Look => strung(observed);
const kinds: readonly Kind[] = [
  {
    name: 'obedient',
    tries: Number(values.obedient),
    behave: (random) => asked(random, () => true),
    lookAt: ready,
  },
  {
    ...{ name: 'lazy (nothing, or the first only)', tries: Number(values.lazy) },
    behave: (random, number) => asked(random, (prompt) => number % 2 === 1 && prompt === 0),
    lookAt: ready,
  },
  {
    name: 'replaying',
    tries: Number(values.replaying),
    behave: (random) => replaying(random),
    lookAt: ready,
  },
  {
    ...{ name: 'obedient, drawn and analysed whole', tries: Number(values.whole) },
    behave: (random) => asked(random, () => true),
    lookAt: ({ subject }) => whole(subject),
  },
];

const rows: string[][] = [];
for (const [kindNumber, { name, tries, behave, lookAt }] of kinds.entries()) {
  const outcomes = new Map<string, number>();
  for (let number = 0; number < tries; number++) {
    const random = seededRandom((Number(values.seed) * 10 + kindNumber) * 10_000 + number);
    const person = people[number % people.length];
    if (person === undefined) continue;
    const challenge = drawChallenge(bytesOf(random));
    const secondsOf = (doing: Doing): number => person.subject.seconds(doing);
    const outcome = await play(challenge, behave(random, number), secondsOf, lookAt(person));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const passed = outcomes.get('passed') ?? 0;
  outcomes.delete('passed');
  const [least, most] = wilsonInterval(tries === 0 ? 0 : passed / tries, tries).map((part) =>
    (100 * part).toFixed(1),
  );
  const others = [...outcomes].map(([why, count]) => `${why} ${count}`).join(', ');
  rows.push([name, String(tries), String(passed), `${least} to ${most} %`, others]);
}
console.log(`${people.length} people at ${fps} frames a second; left out: ${leftOut.length} photographs`);
console.log(table(['subject', 'tries', 'passed', '95 %', 'the others'], rows));
