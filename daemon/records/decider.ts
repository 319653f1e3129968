import type { Clock } from '../base/clock.js';
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
 * Searches the gallery for the persons nearest to an embedding: one entry per person, at most `count`. Rejects when the
 * gallery was made with another recogniser.
 */
export type SearchGallery = (
  embedding: Embedding,
  options: { readonly count: number; readonly recogniser: RecogniserId },
) => Promise<readonly Candidate[]>;

/** Enough to know the runner-up of every probe of a track; see `identifyTrack` for those beyond. */
const nearestPersons = 5;

/** Where facts are kept. A fact that was recorded is seen by the next question, and survives a restart. */
export interface FactStore extends RecordedFacts {
  /** Returns under which id. */
  record(fact: Fact): { readonly id: EventId };
}

/** Asks people for a challenge at the cameras that are configured so. */
export interface ChallengePort {
  /** Takes what was seen of a track into account, and says how the track stands. */
  see(sighting: Sighting, identification: Identification): ChallengeStanding;
  /** This track is over, or nothing more is to be said about it. */
  forget(cameraId: CameraId, trackId: TrackId): void;
  /** All tracks of this camera are over. */
  forgetCamera(cameraId: CameraId): void;
}

export interface DeciderOptions {
  readonly search: SearchGallery;
  readonly policy: MatchPolicy;
  readonly rules: AttendanceRules;
  readonly directionOf: (cameraId: CameraId) => Direction;
  readonly proofAt: (cameraId: CameraId) => AttendanceProof;
  /** Absent: no camera can ask for a challenge, and where one is required nobody attends. */
  readonly challenges?: ChallengePort;
  readonly facts: FactStore;
  /** Tells when a stranger is to be forgotten. */
  readonly clock: Clock;
}

/** What one sighting led to. */
export interface SightingOutcome {
  /** Present when it differs from what was known of the track before in more than its figures. */
  readonly identification: Identification | undefined;
  /** Already recorded, in this order. */
  readonly recorded: readonly RecordedFact[];
  /** True, but not worth saying again so soon; each kind is here at most once per track. */
  readonly suppressed: readonly SuppressedFact[];
}

export interface RecordedFact {
  readonly fact: Fact;
  readonly eventId: EventId;
}

export interface Decider extends Disposable {
  /**
   * Takes the next sighting; `wallMsOf` turns its capture times into wall time. Sightings are worked on one after the
   * other, so that a cooldown sees every fact before it. A sighting older than one already seen is ignored. Rejects
   * when the search or the store fails; the sighting may then be given again, and repeats no fact that was recorded.
   * `isAgain`: it is the latest of its track, worked on before, and is judged once more with what is known now.
   */
  onSighting(
    sighting: Sighting,
    wallMsOf: (capturedAtMs: number) => number,
    isAgain?: boolean,
  ): Promise<SightingOutcome>;
  /** Forgets the tracks of a camera whose vision process ended without ending them. */
  forgetCamera(cameraId: CameraId): void;
  /** A person was removed from the gallery: tracks in sight are no longer taken for them, from the next sighting on. */
  forgetPerson(personId: PersonId): void;
  readonly trackCount: number;
  /** Strangers whose looks are in memory, so that they are not said again within their cooldown. */
  readonly strangerCount: number;
}

interface TrackMemory {
  readonly cameraId: CameraId;
  readonly lastSequence: number;
  readonly probes: TrackProbes;
  readonly decision: TrackDecision;
  readonly identification: Identification | undefined;
  /** The best so far, to tell one stranger from another; none once the track has attended. Overwritten when replaced. */
  readonly views: FaceViews;
}

const nothing: SightingOutcome = {
  identification: undefined,
  recorded: [],
  suppressed: [],
};

/**
 * Joins identification, liveness and rules: from sightings to recorded facts. Memory: a few probes per open track, and a few
 * views of each stranger for the length of the cooldown. Disposing it overwrites what faces look like.
 */
export const createDecider = (options: DeciderOptions): Decider => new SightingDecider(options);

class SightingDecider implements Decider {
  readonly #options: DeciderOptions;
  readonly #tracks = new Map<TrackId, TrackMemory>();
  readonly #strangers: RecentStrangers;
  #turn: Promise<unknown> = Promise.resolve();

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
    const outcome = this.#turn.then(() => this.#decide(sighting, wallMsOf, isAgain));
    this.#turn = outcome.catch(() => undefined);
    return outcome;
  }

  forgetCamera(cameraId: CameraId): void {
    // In turn: a sighting that is being worked on at this moment would bring its track back, and nothing would end it.
    this.#turn = this.#turn.then(() => {
      for (const [id, track] of this.#tracks) {
        if (track.cameraId === cameraId) this.#forgetTrack(id);
      }
      this.#options.challenges?.forgetCamera(cameraId);
    });
  }

  forgetPerson(personId: PersonId): void {
    // In turn: a sighting that is being searched for at this moment is put down with what was found before.
    this.#turn = this.#turn.then(() => {
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
      // Nothing more can be said about this track: no need to search for it again.
      this.#remember(sighting, before);
      return nothing;
    }

    const probes = withProbes(before.probes, await searched(sighting, search));
    const identification = identifyTrack(probes, policy);
    const views = [...before.views, ...sighting.probes];
    const known = this.#known(sighting, identification, wallMsOf);
    const { decision, recorded, suppressed } = this.#say(known, before, views);
    const isStranger = recorded.some(({ fact }) => fact.kind === 'unknown');
    if (!isStranger && sighting.probes.length > 0) this.#strangers.seen(sighting.trackId, views);

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

  /** Only who is recognised can be asked: of others blinks still say whether they are live. */
  #judged(sighting: Sighting, identification: Identification): JudgedLiveness {
    const { proofAt, challenges } = this.#options;
    if (proofAt(sighting.cameraId).require !== 'challenge') return sighting.liveness;
    const standing = challenges?.see(sighting, identification) ?? 'not-shown';
    if (identification.outcome !== 'match' && standing !== 'refused') return sighting.liveness;
    return judgedByChallenge(sighting.liveness, standing);
  }

  /** Records what became true, one fact after the other. Throws when the store fails; what was recorded is not said again. */
  #say(known: TrackKnowledge, before: TrackMemory, views: FaceViews) {
    const recorded: RecordedFact[] = [];
    const suppressed: SuppressedFact[] = [];
    let { decision, fact } = nextDecision(before.decision, known);
    while (fact !== undefined) {
      const silenced = this.#suppression(fact, views);
      if (silenced === undefined) {
        recorded.push({ fact, eventId: this.#options.facts.record(fact).id });
        if (fact.kind === 'unknown') this.#strangers.said(fact, views);
      } else suppressed.push(silenced);
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
      lastUnknownMs: (unknown) => this.#strangers.lastSaidMs(unknown, views, policy.threshold),
    });
  }

  #remember({ cameraId, trackId, sequence, isEnded }: Sighting, memory: TrackMemory): void {
    const isTold = isEnded || memory.decision.state === 'attended';
    const views = isTold ? noViews : copyBestViews(memory.views);
    if (isTold) this.#options.challenges?.forget(cameraId, trackId);
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
