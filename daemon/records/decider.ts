import type { Clock } from '../base/clock.js';
import { SerialQueue } from '../base/serial-queue.js';
import type {
  AttendanceRules,
  RecordedFacts,
  SuppressedFact,
} from '../domain/attendance/attendance-rules.js';
import { suppressionOf } from '../domain/attendance/attendance-rules.js';
import type { Direction, Fact } from '../domain/events/event.js';
import {
  identifyTrack,
  noProbes,
  type SearchedProbe,
  type TrackProbes,
  withoutPerson,
  withProbes,
} from '../domain/identification/identify-track.js';
import type { Candidate, Embedding, Identification, MatchPolicy } from '../domain/identification/match.js';
import type { CameraId, EventId, PersonId, RecogniserId, TrackId } from '../domain/ids.js';
import { type ChallengeStanding, judgedByChallenge } from '../domain/liveness/challenge.js';
import type { JudgedLiveness } from '../domain/liveness/liveness.js';
import type { Sighting } from '../domain/tracks/sighting.js';
import {
  type AttendanceProof,
  nextDecision,
  type TrackDecision,
  type TrackKnowledge,
  undecided,
} from '../domain/tracks/track-decision.js';
import { copyBestViews, type FaceViews, noViews, RecentStrangers, wipeViews } from './recent-strangers.js';

/**
 * Searches the gallery for the persons most similar to an embedding: one entry per person, at most `count`. Rejects if the
 * gallery was made with another recogniser.
 */
export type SearchGallery = (
  embedding: Embedding,
  options: { readonly count: number; readonly recogniser: RecogniserId },
) => Promise<readonly Candidate[]>;

/** Enough to include the second-best person of every probe; `identifyTrack` handles persons beyond. */
const nearestPersons = 5;

/** The store of facts. The next query sees a recorded fact, also after a restart. */
export interface FactStore extends RecordedFacts {
  /** Returns the id of the event. */
  record(fact: Fact): { readonly id: EventId };
}

/** Runs the challenges at cameras that require them. */
export interface ChallengePort {
  /** Updates the challenge of a track with a sighting and returns its standing. */
  see(sighting: Sighting, identification: Identification): ChallengeStanding;
  /** The track has ended, or its decision is final. */
  forget(cameraId: CameraId, trackId: TrackId): void;
  /** All tracks of this camera have ended. */
  forgetCamera(cameraId: CameraId): void;
}

export interface DeciderOptions {
  readonly search: SearchGallery;
  readonly policy: MatchPolicy;
  readonly rules: AttendanceRules;
  readonly directionOf: (cameraId: CameraId) => Direction;
  readonly proofAt: (cameraId: CameraId) => AttendanceProof;
  /** Absent: a camera that requires a challenge records no attendance. */
  readonly challenges?: ChallengePort;
  readonly facts: FactStore;
  /** For the expiry of remembered strangers. */
  readonly clock: Clock;
}

/** The result of one sighting. */
export interface SightingOutcome {
  /** Set if the answer (outcome or persons) differs from the previous one of the track. */
  readonly identification: Identification | undefined;
  /** Facts that were recorded, in order. */
  readonly recorded: readonly RecordedFact[];
  /** Facts that a cooldown suppressed; at most one of each kind per track. */
  readonly suppressed: readonly SuppressedFact[];
}

export interface RecordedFact {
  readonly fact: Fact;
  readonly eventId: EventId;
}

export interface Decider extends Disposable {
  /**
   * Handles a sighting; `wallMsOf` converts its capture times to wall time. Sightings are handled one after the other, so that
   * a cooldown sees all earlier facts. A sighting that is older than the last one of its track is ignored. Rejects if the
   * search or the store fails; the sighting may then be given again, and recorded facts are not repeated.
   * `isAgain`: the last sighting of its track is judged again, with what is known now.
   */
  onSighting(
    sighting: Sighting,
    wallMsOf: (capturedAtMs: number) => number,
    isAgain?: boolean,
  ): Promise<SightingOutcome>;
  /** Forgets the tracks of a camera, after its vision process ended without ending them. */
  forgetCamera(cameraId: CameraId): void;
  /** Removes a person from the candidates of open tracks, because the person was removed from the gallery. */
  forgetPerson(personId: PersonId): void;
  readonly trackCount: number;
  /** Number of strangers whose embeddings are in memory for the cooldown. */
  readonly strangerCount: number;
}

interface TrackMemory {
  readonly cameraId: CameraId;
  readonly lastSequence: number;
  readonly probes: TrackProbes;
  readonly decision: TrackDecision;
  readonly identification: Identification | undefined;
  /** The best views so far, to distinguish strangers; empty after an attendance. Overwritten when replaced. */
  readonly views: FaceViews;
}

const nothing: SightingOutcome = {
  identification: undefined,
  recorded: [],
  suppressed: [],
};

/**
 * Turns sightings into recorded facts, by identification, liveness and rules. It keeps a few probes per open track in memory,
 * and a few views of each stranger for the cooldown. Disposing it overwrites all embeddings.
 */
export const createDecider = (options: DeciderOptions): Decider => new SightingDecider(options);

class SightingDecider implements Decider {
  readonly #options: DeciderOptions;
  readonly #tracks = new Map<TrackId, TrackMemory>();
  readonly #strangers: RecentStrangers;
  readonly #turns = new SerialQueue();

  constructor(options: DeciderOptions) {
    this.#options = options;
    const { clock } = options;
    this.#strangers = new RecentStrangers({ clock, cooldownS: () => options.rules.unknownCooldownS });
  }

  get trackCount(): number {
    return this.#tracks.size;
  }

  get strangerCount(): number {
    return this.#strangers.count;
  }

  onSighting(
    sighting: Sighting,
    wallMsOf: (capturedAtMs: number) => number,
    isAgain = false,
  ): Promise<SightingOutcome> {
    return this.#turns.run(() => this.#decide(sighting, wallMsOf, isAgain));
  }

  forgetCamera(cameraId: CameraId): void {
    // After the current sighting, which would otherwise add its track again without an end.
    void this.#turns.run(() => {
      for (const [id, track] of this.#tracks) {
        if (track.cameraId === cameraId) this.#forgetTrack(id);
      }
      this.#options.challenges?.forgetCamera(cameraId);
    });
  }

  forgetPerson(personId: PersonId): void {
    // After the current sighting, whose search may still have found the person.
    void this.#turns.run(() => {
      for (const [id, track] of this.#tracks) {
        this.#tracks.set(id, { ...track, probes: withoutPerson(track.probes, personId) });
      }
    });
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#tracks.keys()]) this.#forgetTrack(id);
    this.#strangers[Symbol.dispose]();
  }

  async #decide(
    sighting: Sighting,
    wallMsOf: (capturedAtMs: number) => number,
    isAgain: boolean,
  ): Promise<SightingOutcome> {
    const { search, policy } = this.#options;
    const before = this.#tracks.get(sighting.trackId) ?? newTrack(sighting);
    const isOld = isAgain
      ? sighting.sequence !== before.lastSequence
      : sighting.sequence <= before.lastSequence;
    if (isOld) return nothing;
    if (before.decision.state === 'attended') {
      // The decision is final, so the track needs no further search.
      this.#remember(sighting, before);
      return nothing;
    }

    const probes = withProbes(before.probes, await searched(sighting, search));
    const identification = identifyTrack(probes, policy);
    const views = [...before.views, ...sighting.probes];
    const known = this.#known(sighting, identification, wallMsOf);
    const { decision, recorded, suppressed } = this.#record(known, before, views);
    const isStranger = recorded.some(({ fact }) => fact.kind === 'unknown');
    if (!isStranger && sighting.probes.length > 0) this.#strangers.update(sighting.trackId, views);

    this.#remember(sighting, { ...before, probes, decision, identification, views });
    return {
      identification: isSameAnswer(before.identification, identification) ? undefined : identification,
      recorded,
      suppressed,
    };
  }

  #known(
    sighting: Sighting,
    identification: Identification,
    wallMsOf: TrackKnowledge['wallMsOf'],
  ): TrackKnowledge {
    const { policy, directionOf, proofAt, rules } = this.#options;
    return {
      sighting: { ...sighting, liveness: this.#judged(sighting, identification) },
      identification,
      threshold: ('threshold' in identification ? identification.threshold : undefined) ?? policy.threshold,
      direction: directionOf(sighting.cameraId),
      proof: proofAt(sighting.cameraId),
      unknownAfterS: rules.unknownAfterS,
      wallMsOf,
    };
  }

  /** Only a recognised person can get a challenge; for others, blinks still decide about liveness. */
  #judged(sighting: Sighting, identification: Identification): JudgedLiveness {
    const { proofAt, challenges } = this.#options;
    if (proofAt(sighting.cameraId).require !== 'challenge') return sighting.liveness;
    const standing = challenges?.see(sighting, identification) ?? 'not-shown';
    if (identification.outcome !== 'match' && standing !== 'refused') return sighting.liveness;
    return judgedByChallenge(sighting.liveness, standing);
  }

  /** Records the new facts one by one. Throws if the store fails; facts recorded before are not repeated. */
  #record(known: TrackKnowledge, before: TrackMemory, views: FaceViews) {
    const recorded: RecordedFact[] = [];
    const suppressed: SuppressedFact[] = [];
    let { decision, fact } = nextDecision(before.decision, known);
    while (fact !== undefined) {
      const suppression = this.#suppression(fact, views);
      if (suppression === undefined) {
        recorded.push({ fact, eventId: this.#options.facts.record(fact).id });
        if (fact.kind === 'unknown') this.#strangers.add(fact, views);
      } else suppressed.push(suppression);
      this.#tracks.set(known.sighting.trackId, { ...before, decision });
      ({ decision, fact } = nextDecision(decision, known));
    }
    return { decision, recorded, suppressed };
  }

  #suppression(fact: Fact, views: FaceViews): SuppressedFact | undefined {
    const { rules, facts, policy } = this.#options;
    return suppressionOf(fact, rules, {
      lastAttendanceMs: (person, camera) => facts.lastAttendanceMs(person, camera),
      lastUnprovenMs: (person, camera) => facts.lastUnprovenMs(person, camera),
      lastAmbiguousMs: (pair, camera) => facts.lastAmbiguousMs(pair, camera),
      lastAttackMs: (camera) => facts.lastAttackMs(camera),
      lastUnknownMs: (unknown) => this.#strangers.lastRecordedMs(unknown, views, policy.threshold),
    });
  }

  #remember({ cameraId, trackId, sequence, isEnded }: Sighting, memory: TrackMemory): void {
    const isFinal = isEnded || memory.decision.state === 'attended';
    const views = isFinal ? noViews : copyBestViews(memory.views);
    if (isFinal) this.#options.challenges?.forget(cameraId, trackId);
    this.#forgetTrack(trackId);
    if (!isEnded) this.#tracks.set(trackId, { ...memory, views, lastSequence: sequence });
  }

  #forgetTrack(trackId: TrackId): void {
    wipeViews(this.#tracks.get(trackId)?.views ?? noViews);
    this.#tracks.delete(trackId);
  }
}

const newTrack = ({ cameraId }: Sighting): TrackMemory => ({
  cameraId,
  lastSequence: -1,
  probes: noProbes,
  decision: undecided,
  identification: undefined,
  views: noViews,
});

function searched({ probes, recogniser }: Sighting, search: SearchGallery): Promise<SearchedProbe[]> {
  return Promise.all(
    probes.map(async ({ capturedAtMs, quality, embedding }) => {
      const candidates = await search(embedding, { count: nearestPersons, recogniser });
      return { capturedAtMs, quality, candidates };
    }),
  );
}

function isSameAnswer(before: Identification | undefined, after: Identification): boolean {
  if (before === undefined) return after.outcome === 'inconclusive' && after.probeCount === 0;
  if (before.outcome === 'match' && after.outcome === 'match') return before.personId === after.personId;
  if (before.outcome === 'ambiguous' && after.outcome === 'ambiguous') {
    return after.candidates.every(({ personId }) =>
      before.candidates.some((candidate) => candidate.personId === personId),
    );
  }
  return before.outcome === after.outcome;
}
