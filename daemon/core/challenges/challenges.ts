import type { Clock, Timer } from '../../kernel/clock.js';
import type { Identification } from '../../kernel/identification/match.js';
import type { CameraId, PersonId, TrackId } from '../../kernel/ids.js';
import {
  type Challenge,
  type ChallengeInput,
  type ChallengePolicy,
  type ChallengeStanding,
  type ChallengeState,
  challengeBytes,
  challengeDueMs,
  drawChallenge,
  isOver,
  newChallenge,
  nextChallenge,
  type SeenOfFace,
} from '../../kernel/liveness/challenge.js';
import type { LivenessEvidence } from '../../kernel/liveness/liveness.js';
import type { Logger } from '../../kernel/logger.js';
import type { Sighting } from '../../kernel/tracks/sighting.js';
import type { ChallengePort } from '../sightings/decider.js';
import { ChallengeTries } from './challenge-tries.js';
import type { Prompt } from './prompts.js';

/** A person who is recognised for a shorter time is passing by and is not asked, milliseconds. */
const stayMs = 1_000;
/** The pause between two challenges of one camera, so that people see how the last one ended, milliseconds. */
const pauseMs = 2_500;
/** The longer pause after a prompt that could not be shown, milliseconds. */
const notShownPauseMs = 10_000;
/** How often to check whether sightings still wait, milliseconds. */
const heldUpPauseMs = 500;

export interface ChallengesOptions {
  /** Whether this camera asks for a challenge, by the configuration in force. */
  readonly isAskedAt: (cameraId: CameraId) => boolean;
  /** True while the cooldown of the person's last attendance at this camera runs: no need to ask. */
  readonly hasAttended: (personId: PersonId, cameraId: CameraId) => boolean;
  /** Resolves with true if a receiver took the prompt in time. Never rejects. */
  readonly show: (prompt: Prompt) => Promise<boolean>;
  readonly policy: () => ChallengePolicy;
  /** Must come from the random numbers of the machine, so that no recording can predict a challenge. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A recognised face at a camera that asks. */
interface Candidate {
  readonly trackId: TrackId;
  readonly personId: PersonId;
  /** When the track was first matched to this person, monotonic milliseconds. */
  readonly sinceMs: number;
  areaPx: number;
  isGone: boolean;
  standing: ChallengeStanding;
  /** Without embeddings and picture, which must not be kept. */
  last: Sighting;
}

/** The running challenge of a camera. */
interface Run {
  readonly cameraId: CameraId;
  readonly candidate: Candidate;
  readonly nonce: string;
  readonly challenge: Challenge;
  state: ChallengeState;
  /** The step of the latest prompt. */
  step: number;
  due: Timer | undefined;
  /** Kept because a quick answer may arrive before the broker acknowledges the prompt. */
  lastSeen: ChallengeInput | undefined;
}

interface AskingCamera {
  readonly id: CameraId;
  readonly candidates: Map<TrackId, Candidate>;
  run: Run | undefined;
  pausedUntilMs: number;
  next: Timer | undefined;
}

/**
 * Asks recognised people to prove life, one person at a time per camera; the largest face first. Answers arrive with sightings;
 * prompts are sent immediately.
 */
export class Challenges implements ChallengePort, Disposable {
  readonly #options: ChallengesOptions;
  readonly #cameras = new Map<CameraId, AskingCamera>();
  readonly #tries: ChallengeTries;
  /** The track whose sighting is being processed. */
  #seeing: TrackId | undefined;
  #onSettled: (last: Sighting) => void = () => undefined;
  #isHeldUp: () => boolean = () => false;
  #isEnded = false;

  constructor(options: ChallengesOptions) {
    this.#options = options;
    this.#tries = new ChallengeTries(options.clock);
  }

  /** Calls back with the latest sighting of a track that has passed or was refused, so that it is judged again. */
  onSettled(listener: (last: Sighting) => void): void {
    this.#onSettled = listener;
  }

  /** While sightings wait, no answer can arrive. So no person is asked and no deadline passes. */
  heldUpWhile(isHeldUp: () => boolean): void {
    this.#isHeldUp = isHeldUp;
  }

  see(sighting: Sighting, identification: Identification): ChallengeStanding {
    this.#seeing = sighting.trackId;
    try {
      return this.#see(sighting, identification);
    } finally {
      this.#seeing = undefined;
    }
  }

  #see(sighting: Sighting, identification: Identification): ChallengeStanding {
    const { cameraId, trackId, liveness, isEnded } = sighting;
    const camera = this.#camera(cameraId);
    const run = camera.run?.candidate.trackId === trackId ? camera.run : undefined;
    const candidate = this.#follow(camera, sighting, identification);
    if (run !== undefined && candidate !== run.candidate) {
      run.state = { phase: 'cancelled', reason: 'face-changed' };
      this.#finish(camera, run);
    } else if (run !== undefined) {
      const isSamePerson = isStill(run.candidate.personId, identification);
      run.lastSeen = { kind: 'seen', seen: seenIn(liveness.evidence), isSamePerson };
      this.#step(camera, run, run.lastSeen);
      if (isEnded) this.#step(camera, run, { kind: 'left' });
    }
    // Keeps the candidate: if the sighting cannot be recorded, its standing is needed again.
    if (isEnded && candidate !== undefined) candidate.isGone = true;
    this.#lookForNext(camera);
    return candidate?.standing ?? 'open';
  }

  forget(cameraId: CameraId, trackId: TrackId): void {
    const camera = this.#cameras.get(cameraId);
    if (camera === undefined) return;
    camera.candidates.delete(trackId);
    if (camera.run?.candidate.trackId === trackId) this.#step(camera, camera.run, { kind: 'left' });
    if (camera.candidates.size > 0 || camera.run !== undefined) return;
    camera.next?.cancel();
    camera.next = undefined;
    // The result of the last challenge stays on the screen for its full time.
    if (camera.pausedUntilMs <= this.#options.clock.monotonicMs()) this.#cameras.delete(cameraId);
  }

  forgetCamera(cameraId: CameraId): void {
    const candidates = this.#cameras.get(cameraId)?.candidates.keys() ?? [];
    for (const trackId of [...candidates]) this.forget(cameraId, trackId);
  }

  [Symbol.dispose](): void {
    this.#isEnded = true;
    for (const camera of this.#cameras.values()) {
      camera.next?.cancel();
      camera.run?.due?.cancel();
      camera.run = undefined;
    }
    this.#cameras.clear();
  }

  #camera(id: CameraId): AskingCamera {
    const known = this.#cameras.get(id);
    if (known !== undefined) return known;
    const made = { id, candidates: new Map(), run: undefined, pausedUntilMs: 0, next: undefined };
    this.#cameras.set(id, made);
    return made;
  }

  /** Follows the person of a track. A proof for one person does not count for another. */
  #follow(camera: AskingCamera, sighting: Sighting, identification: Identification): Candidate | undefined {
    const { trackId, box } = sighting;
    const last = withoutFace(sighting);
    const before = camera.candidates.get(trackId);
    if (before !== undefined && isStill(before.personId, identification)) {
      before.areaPx = box.width * box.height;
      before.last = last;
      return before;
    }
    camera.candidates.delete(trackId);
    if (identification.outcome !== 'match') return undefined;
    const candidate: Candidate = {
      trackId,
      personId: identification.personId,
      sinceMs: this.#options.clock.monotonicMs(),
      areaPx: box.width * box.height,
      isGone: false,
      standing: 'open',
      last,
    };
    camera.candidates.set(trackId, candidate);
    return candidate;
  }

  /** Begins a challenge, or waits until one may begin. */
  #lookForNext(camera: AskingCamera): void {
    const { clock, isAskedAt, logger } = this.#options;
    camera.next?.cancel();
    camera.next = undefined;
    if (this.#isEnded || camera.run !== undefined || !isAskedAt(camera.id)) return;
    const nowMs = clock.monotonicMs();
    const lookLater = (inMs: number): void => {
      camera.next = clock.after(inMs, () => this.#lookForNext(camera));
    };
    if (camera.candidates.size > 0 && this.#isHeldUp()) {
      lookLater(heldUpPauseMs);
      return;
    }
    let absent: readonly Candidate[];
    try {
      absent = this.#withoutAttendance(camera);
    } catch (error) {
      logger.error('attendance cannot be read, so no person is asked for a challenge', {
        camera: camera.id,
        error,
      });
      lookLater(notShownPauseMs);
      return;
    }
    const wanted = absent.map((candidate) => ({
      candidate,
      fromMs: Math.max(
        camera.pausedUntilMs,
        candidate.sinceMs + stayMs,
        this.#tries.lockedUntilMs(candidate.personId, camera.id),
      ),
    }));
    const [largest] = wanted
      .filter(({ fromMs }) => fromMs <= nowMs)
      .sort((a, b) => b.candidate.areaPx - a.candidate.areaPx);
    if (largest !== undefined) {
      this.#begin(camera, largest.candidate);
    } else if (wanted.length > 0) {
      lookLater(Math.min(...wanted.map((each) => each.fromMs)) - nowMs);
    }
  }

  /** The present people who have neither passed nor attended recently. Throws when the records cannot be read. */
  #withoutAttendance({ id, candidates }: AskingCamera): readonly Candidate[] {
    return [...candidates.values()].filter(
      ({ standing, isGone, personId }) =>
        !isGone && standing !== 'passed' && !this.#options.hasAttended(personId, id),
    );
  }

  #begin(camera: AskingCamera, candidate: Candidate): void {
    const { randomBytes, logger } = this.#options;
    const run: Run = {
      cameraId: camera.id,
      candidate,
      nonce: Buffer.from(randomBytes(16)).toString('base64url'),
      challenge: drawChallenge(randomBytes(challengeBytes)),
      state: newChallenge,
      step: 0,
      due: undefined,
      lastSeen: undefined,
    };
    camera.run = run;
    logger.info('a challenge begins', { camera: camera.id, track: candidate.trackId });
    this.#prompt(camera, run, 0);
  }

  #step(camera: AskingCamera, run: Run, input: ChallengeInput): void {
    const { clock, policy } = this.#options;
    if (camera.run !== run || isOver(run.state)) return;
    const before = run.state;
    const state = nextChallenge(before, input, run.challenge, policy());
    run.state = state;
    if (isOver(state)) {
      this.#finish(camera, run);
      return;
    }
    if (state.phase === 'prompting' && before.phase !== 'prompting') this.#prompt(camera, run, state.step);
    run.due?.cancel();
    const dueMs = challengeDueMs(state, run.challenge, policy());
    if (dueMs === undefined) return;
    const onDue = (): void => {
      if (camera.run !== run) return;
      if (this.#isHeldUp()) run.due = clock.after(heldUpPauseMs, onDue);
      else this.#step(camera, run, { kind: 'time', nowMs: clock.monotonicMs() });
    };
    run.due = clock.after(Math.max(0, dueMs - clock.monotonicMs()), onDue);
  }

  #prompt(camera: AskingCamera, run: Run, step: number): void {
    const { clock, show } = this.#options;
    const asked = run.challenge[step];
    if (asked === undefined) return;
    run.step = step;
    const sentMs = clock.monotonicMs();
    const deadlineMs = clock.wallMs() + asked.answerS * 1000;
    const prompt = { ...this.#about(run), state: 'asked', action: asked.action, deadlineMs } as const;
    void show(prompt).then((isShown) => {
      if (camera.run !== run || run.state.phase !== 'prompting') return;
      if (!isShown) {
        this.#notShown(camera, run);
        return;
      }
      this.#step(camera, run, { kind: 'shown', sentMs, shownMs: clock.monotonicMs() });
      if (run.lastSeen !== undefined) this.#step(camera, run, run.lastSeen);
    });
  }

  #about({ cameraId, nonce, challenge, step }: Run) {
    return { camera: cameraId, nonce, position: step + 1, of: challenge.length };
  }

  #notShown(camera: AskingCamera, run: Run): void {
    const { logger, show } = this.#options;
    run.candidate.standing = 'not-shown';
    logger.warn('a challenge ends because its prompt could not be shown', {
      camera: camera.id,
      track: run.candidate.trackId,
    });
    // Tells a screen that received the prompt too late that it is void.
    void show({ ...this.#about(run), state: 'cancelled', reason: 'not-shown' });
    this.#pause(camera, notShownPauseMs);
  }

  #finish(camera: AskingCamera, run: Run): void {
    const { logger, show } = this.#options;
    const { state, candidate } = run;
    if (state.phase !== 'passed' && state.phase !== 'failed' && state.phase !== 'cancelled') return;
    const reason = state.phase === 'passed' ? {} : { reason: state.reason };
    const about = { camera: camera.id, track: candidate.trackId };
    logger.info('a challenge ends', { ...about, result: state.phase, ...reason });
    candidate.standing = this.#standingAfter(state, camera.id, candidate);
    const isThere = camera.candidates.get(candidate.trackId) === candidate && !candidate.isGone;
    if (isThere && candidate.standing !== 'open' && this.#seeing !== candidate.trackId) {
      this.#onSettled(candidate.last);
    }
    void show({ ...this.#about(run), state: state.phase, ...reason });
    this.#pause(camera, pauseMs);
  }

  #standingAfter(state: ChallengeState, cameraId: CameraId, { personId }: Candidate): ChallengeStanding {
    if (state.phase === 'passed') {
      this.#tries.passed(personId, cameraId);
      return 'passed';
    }
    const isWrongAnswer = state.phase === 'failed' && state.reason !== 'too-late';
    return this.#tries.ended(personId, cameraId, isWrongAnswer);
  }

  #pause(camera: AskingCamera, forMs: number): void {
    camera.run?.due?.cancel();
    camera.run = undefined;
    camera.pausedUntilMs = this.#options.clock.monotonicMs() + forMs;
    this.#lookForNext(camera);
  }
}

/** Inconclusive views change nothing; only a different match or no match does. */
function isStill(personId: PersonId, identification: Identification): boolean {
  const { outcome } = identification;
  return outcome === 'inconclusive' || (outcome === 'match' && identification.personId === personId);
}

function seenIn({ blinks, unboundBlinks, gestures, sameFaceMs }: LivenessEvidence): SeenOfFace {
  return { gestures, blinks: [...blinks, ...unboundBlinks], sameFaceMs };
}

function withoutFace({ bestShot, ...sighting }: Sighting): Sighting {
  return { ...sighting, probes: [] };
}
