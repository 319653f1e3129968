import type { AttendanceRules, RecentFacts, SuppressedFact } from '../domain/attendance/attendance-rules.js';
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
import type { Sighting } from '../domain/tracks/sighting.js';
import { nextDecision, type TrackDecision, undecided } from '../domain/tracks/track-decision.js';

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
export interface FactStore extends RecentFacts {
  /** Returns under which id. */
  record(fact: Fact): { readonly id: EventId };
}

export interface DeciderOptions {
  readonly search: SearchGallery;
  readonly policy: MatchPolicy;
  readonly rules: AttendanceRules;
  readonly directionOf: (cameraId: CameraId) => Direction;
  readonly facts: FactStore;
}

/** What one sighting led to. */
export interface SightingOutcome {
  /** Present when it differs from what was known of the track before in more than its figures. */
  readonly identification: Identification | undefined;
  /** Already recorded. */
  readonly fact: Fact | undefined;
  /** Of the recorded fact. */
  readonly eventId: EventId | undefined;
  /** True, but not worth saying again so soon; said at most once per track. */
  readonly suppressed: SuppressedFact | undefined;
}

export interface Decider {
  /**
   * Takes the next sighting; `wallMsOf` turns its capture times into wall time. Sightings are worked on one after the
   * other, so that a cooldown sees every fact before it. A sighting older than one already seen is ignored. Rejects
   * when the search or the store fails; the track is then as it was, and the sighting may be given again.
   */
  onSighting(sighting: Sighting, wallMsOf: (capturedAtMs: number) => number): Promise<SightingOutcome>;
  /** Forgets the tracks of a camera whose vision process ended without ending them. */
  forgetCamera(cameraId: CameraId): void;
  /** A person was removed from the gallery: tracks in sight are no longer taken for them, from the next sighting on. */
  forgetPerson(personId: PersonId): void;
  readonly trackCount: number;
}

interface TrackMemory {
  readonly cameraId: CameraId;
  readonly lastSequence: number;
  readonly probes: TrackProbes;
  readonly decision: TrackDecision;
  readonly identification: Identification | undefined;
}

const nothing: SightingOutcome = {
  identification: undefined,
  fact: undefined,
  eventId: undefined,
  suppressed: undefined,
};

/** Joins identification, liveness and rules: from sightings to recorded facts. Memory: a few probes per open track. */
export const createDecider = (options: DeciderOptions): Decider => new SightingDecider(options);

class SightingDecider implements Decider {
  readonly #options: DeciderOptions;
  readonly #tracks = new Map<TrackId, TrackMemory>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DeciderOptions) {
    this.#options = options;
  }

  get trackCount(): number {
    return this.#tracks.size;
  }

  onSighting(sighting: Sighting, wallMsOf: (capturedAtMs: number) => number): Promise<SightingOutcome> {
    const outcome = this.#turn.then(() => this.#decide(sighting, wallMsOf));
    this.#turn = outcome.catch(() => undefined);
    return outcome;
  }

  forgetCamera(cameraId: CameraId): void {
    for (const [id, track] of this.#tracks) if (track.cameraId === cameraId) this.#tracks.delete(id);
  }

  forgetPerson(personId: PersonId): void {
    // In turn: a sighting that is being searched for at this moment is put down with what was found before.
    this.#turn = this.#turn.then(() => {
      for (const [id, track] of this.#tracks) {
        this.#tracks.set(id, { ...track, probes: withoutPerson(track.probes, personId) });
      }
    });
  }

  async #decide(sighting: Sighting, wallMsOf: (capturedAtMs: number) => number): Promise<SightingOutcome> {
    const { search, policy, rules, directionOf, facts } = this.#options;
    const before = this.#tracks.get(sighting.trackId) ?? newTrack(sighting);
    if (sighting.sequence <= before.lastSequence) return nothing;
    if (before.decision.state === 'attended') {
      // Nothing more can be said about this track: no need to search for it again.
      this.#remember(sighting, before);
      return nothing;
    }

    const probes = withProbes(before.probes, await searched(sighting, search));
    const identification = identifyTrack(probes, policy);
    const { decision, fact } = nextDecision(before.decision, {
      sighting,
      identification,
      threshold: policy.threshold,
      direction: directionOf(sighting.cameraId),
      unknownAfterS: rules.unknownAfterS,
      wallMsOf,
    });
    const suppressed = fact && suppressionOf(fact, rules, facts);
    const recorded = fact && !suppressed ? facts.record(fact) : undefined;

    this.#remember(sighting, { ...before, probes, decision, identification });
    return {
      identification: isSameAnswer(before.identification, identification) ? undefined : identification,
      fact: suppressed ? undefined : fact,
      eventId: recorded?.id,
      suppressed,
    };
  }

  #remember({ trackId, sequence, isEnded }: Sighting, memory: TrackMemory): void {
    if (isEnded) this.#tracks.delete(trackId);
    else this.#tracks.set(trackId, { ...memory, lastSequence: sequence });
  }
}

const newTrack = ({ cameraId }: Sighting): TrackMemory => ({
  cameraId,
  lastSequence: -1,
  probes: noProbes,
  decision: undecided,
  identification: undefined,
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
  return before.outcome === after.outcome;
}
