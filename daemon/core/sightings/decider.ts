import type { AttendanceRules, SuppressedFact } from '../../kernel/attendance/attendance-rules.js';
import type { Clock } from '../../kernel/clock.js';
import type { Direction, Fact } from '../../kernel/events/event.js';
import { identifyTrack, type TrackProbes, withProbes } from '../../kernel/identification/identify-track.js';
import { type Identification, isSameAnswer, type MatchPolicy } from '../../kernel/identification/match.js';
import type { CameraId, EventId, PersonId, TrackId } from '../../kernel/ids.js';
import { type ChallengeStanding, judgedByChallenge } from '../../kernel/liveness/challenge.js';
import type { JudgedLiveness } from '../../kernel/liveness/liveness.js';
import type { Passage, PassageEnd } from '../../kernel/passages/passage.js';
import {
  continuedPassage,
  endedPassage,
  endOf,
  type PassageStory,
  passageOf,
  storyWithEyes,
} from '../../kernel/passages/passage-story.js';
import type { Standing } from '../../kernel/persons/person-standing.js';
import type { Random } from '../../kernel/random.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import type { StrangerBook } from '../../kernel/strangers/stranger-book.js';
import type { Sighting } from '../../kernel/tracks/sighting.js';
import {
  type AttendanceProof,
  nextDecision,
  type TrackKnowledge,
} from '../../kernel/tracks/track-decision.js';
import { copyBestViews, type FaceViews, noViews, wipeViews } from './face-views.js';
import { FactGate } from './fact-gate.js';
import type { FactStore } from './fact-store.js';
import { type SearchGallery, searchedProbes } from './gallery-search.js';
import { PassageEndings } from './passage-endings.js';
import { type SightOptions, StrangersInSight } from './strangers-in-sight.js';
import { newTrack, type TrackMemory, trackWithoutPerson } from './track-memory.js';

/** Runs the challenges at cameras that require them. */
export interface ChallengePort {
  /** Updates the challenge of a track with a sighting and returns its standing. */
  see(sighting: Sighting, identification: Identification): ChallengeStanding;
  /** The track has ended, or its decision is final. */
  forget(cameraId: CameraId, trackId: TrackId): void;
  /** All tracks of this camera have ended. */
  forgetCamera(cameraId: CameraId): void;
}

/** The validity and the marks of the enrolled persons. */
export interface PersonStandings {
  /** `atMs`: wall clock, milliseconds since the epoch. @throws `gallery-sealed` */
  standingOf(personId: PersonId, atMs: number): Standing;
  isWatched(personId: PersonId): boolean;
}

export interface DeciderOptions {
  readonly search: SearchGallery;
  readonly policy: MatchPolicy;
  readonly rules: AttendanceRules;
  readonly directionOf: (cameraId: CameraId) => Direction;
  readonly proofAt: (cameraId: CameraId) => AttendanceProof;
  /** Absent: a camera that requires a challenge records no attendance. */
  readonly challenges?: ChallengePort;
  /** Absent: every person is valid, and none is watched. */
  readonly persons?: PersonStandings;
  readonly facts: FactStore;
  /** The book that keeps strangers. Absent or undefined: they are told apart during the cooldown only. */
  readonly strangers?: () => StrangerBook | undefined;
  /** For the expiry of remembered strangers. */
  readonly clock: Clock;
  /** For the ids of passages. */
  readonly random: Random;
}

/** The result of one sighting. */
export interface SightingOutcome {
  /** Set if the answer (outcome or persons) differs from the previous one of the track. */
  readonly identification: Identification | undefined;
  /** Facts that were recorded, in order. */
  readonly recorded: readonly RecordedFact[];
  /** Facts that a cooldown suppressed; at most one of each kind per track. */
  readonly suppressed: readonly SuppressedFact[];
  /** The passage, if the sighting ended it. */
  readonly ended?: Passage;
}

export interface RecordedFact {
  readonly fact: Fact;
  readonly eventId: EventId;
}

const nothing: SightingOutcome = {
  identification: undefined,
  recorded: [],
  suppressed: [],
};

/**
 * Turns sightings into recorded facts and passages, by identification, liveness and rules. A passage is written when its track
 * begins, with each of its facts, and when the track ends. The decider keeps a few probes per open track in memory, and a few views
 * of each stranger for the cooldown. Disposing it overwrites all embeddings.
 */
export class Decider implements Disposable {
  readonly #options: DeciderOptions;
  readonly #tracks = new Map<TrackId, TrackMemory>();
  readonly #strangers: StrangersInSight;
  readonly #gate: FactGate;
  readonly #turns = new SerialQueue();
  readonly #endings: PassageEndings;
  #stoppedBy: 'vision-stopped' | 'box-stopped' = 'vision-stopped';

  constructor(options: DeciderOptions) {
    this.#options = options;
    const { clock, facts } = options;
    this.#endings = new PassageEndings(facts);
    this.#strangers = new StrangersInSight({
      ...{ clock, book: () => options.strangers?.() },
      cooldownS: () => options.rules.unknownCooldownS,
    });
    this.#gate = new FactGate(options, this.#strangers);
  }

  get trackCount(): number {
    return this.#tracks.size;
  }

  /** Number of strangers whose embeddings are in memory for the cooldown. */
  get strangerCount(): number {
    return this.#strangers.count;
  }

  /**
   * Handles a sighting; `wallMsOf` converts its capture times to wall time. Sightings are handled one after the other, so that
   * a cooldown sees all earlier facts. A sighting that is older than the last one of its track is ignored. Rejects if the
   * search or the store fails; the sighting may then be given again, and recorded facts are not repeated.
   * `isAgain`: the last sighting of its track is judged again, with what is known now.
   */
  onSighting(
    sighting: Sighting,
    wallMsOf: (capturedAtMs: number) => number,
    isAgain = false,
  ): Promise<SightingOutcome> {
    return this.#turns.run(() => this.#decide(sighting, wallMsOf, isAgain));
  }

  /**
   * Ends the passages of a camera, after its vision process ended without ending them. Resolves with these passages. `ending`: the
   * tracks whose last sighting is still to come.
   */
  forgetCamera(cameraId: CameraId, ending: ReadonlySet<TrackId> = new Set()): Promise<readonly Passage[]> {
    // After the current sighting, which would otherwise add its track again without an end.
    return this.#turns.run(() => {
      const ended = [...this.#tracks].flatMap(([id, track]) =>
        track.cameraId === cameraId && !ending.has(id) ? this.#endTrack(id) : [],
      );
      this.#options.challenges?.forgetCamera(cameraId);
      this.#endings.tryToWrite();
      return ended;
    });
  }

  /** Removes a person from open tracks and unwritten passages, because the person was removed from the gallery. */
  forgetPerson(personId: PersonId): void {
    // After the current sighting, whose search may still have found the person.
    void this.#turns.run(() => {
      for (const [id, track] of this.#tracks) {
        const passage = track.passage && this.#strangers.withOwner(track.passage);
        this.#tracks.set(id, trackWithoutPerson({ ...track, passage }, personId));
      }
      this.#endings.forgetPerson(personId);
    });
  }

  /** The daemon stops: it ends the passages that vision does not end before. */
  stopping(): void {
    this.#stoppedBy = 'box-stopped';
  }

  /** The passages of the faces that are in sight of a camera, as they stand. */
  openPassages(cameraId: CameraId): readonly Passage[] {
    return [...this.#tracks.values()].flatMap(({ passage }) =>
      passage?.cameraId === cameraId ? [passage] : [],
    );
  }

  [Symbol.dispose](): void {
    this.stopping();
    for (const id of [...this.#tracks.keys()]) this.#endTrack(id);
    this.#endings.tryToWrite();
    this.#strangers[Symbol.dispose]();
  }

  async #decide(
    sighting: Sighting,
    wallMsOf: (capturedAtMs: number) => number,
    isAgain: boolean,
  ): Promise<SightingOutcome> {
    const { search, policy, random } = this.#options;
    this.#endings.write();
    const before = this.#tracks.get(sighting.trackId) ?? newTrack(sighting, wallMsOf, random);
    const isOld = isAgain
      ? sighting.sequence !== before.lastSequence
      : sighting.sequence <= before.lastSequence;
    if (isOld) return nothing;
    if (before.decision.state === 'attended' && before.passage !== undefined) {
      // The decision is final, so the track needs no further search.
      const passage = continuedPassage(before.passage, sighting, { wallMsOf, end: this.#endOf(sighting) });
      return { ...nothing, ...this.#finish(sighting, { ...before, passage }, sighting.isEnded) };
    }

    const probes = withProbes(before.probes, await searchedProbes(sighting, search));
    const identification = identifyTrack(probes, policy);
    const views = [...before.views, ...sighting.probes];
    const known = this.#known(sighting, { identification, passageId: before.story.id }, wallMsOf);
    const { memory, recorded, suppressed, isWritten } = this.#record(known, before, {
      ...{ probes, views, end: this.#endOf(sighting) },
    });
    if (before.decision.state === 'unknown' && memory.decision.state === 'unknown')
      this.#strangers.update(known, this.#sightOptions(before, views));

    const isDue = (before.passage === undefined || sighting.isEnded) && !isWritten;
    return {
      identification: isSameAnswer(before.identification, identification) ? undefined : identification,
      recorded,
      suppressed,
      ...this.#finish(sighting, { ...memory, probes, identification, views }, isDue),
    };
  }

  #known(
    sighting: Sighting,
    { identification, passageId }: Pick<TrackKnowledge, 'identification' | 'passageId'>,
    wallMsOf: TrackKnowledge['wallMsOf'],
  ): TrackKnowledge {
    const { policy, directionOf, proofAt, rules, persons } = this.#options;
    const personId = identification.outcome === 'match' ? identification.personId : undefined;
    const atMs = wallMsOf(sighting.lastSeenMs);
    return {
      passageId,
      sighting: { ...sighting, liveness: this.#judged(sighting, identification) },
      identification,
      threshold: ('threshold' in identification ? identification.threshold : undefined) ?? policy.threshold,
      direction: directionOf(sighting.cameraId),
      proof: proofAt(sighting.cameraId),
      unknownAfterS: rules.unknownAfterS,
      standing: (personId && persons?.standingOf(personId, atMs)) ?? 'valid',
      isWatched: personId !== undefined && persons?.isWatched(personId) === true,
      watchlistRequires: rules.watchlistRequires,
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

  /** Records the new facts one by one, each with the passage. Throws if the store fails; facts recorded before are not repeated. */
  #record(
    known: TrackKnowledge,
    before: TrackMemory,
    {
      views,
      ...seen
    }: { readonly probes: TrackProbes; readonly views: FaceViews; readonly end: PassageEnd | undefined },
  ) {
    const { facts, policy } = this.#options;
    const recorded: RecordedFact[] = [];
    const suppressed: SuppressedFact[] = [];
    const passageIn = (story: PassageStory): Passage =>
      this.#strangers.withOwner(passageOf(story, known, { ...seen, policy }));
    let story: PassageStory = storyWithEyes(before.story, known.sighting);
    let step = nextDecision(before.decision, known);
    let isWritten = false;
    for (; step.fact !== undefined; step = nextDecision(step.decision, known)) {
      const { decision } = step;
      const judged = this.#gate.judge(step.fact, known, this.#sightOptions(before, views));
      const { fact, suppressed: suppression, earlierId } = judged;
      // That a person is watched decides nothing about the passage.
      const last = fact.kind === 'watchlist' ? story.last : { fact, suppressed: suppression, earlierId };
      const told: PassageStory = { ...story, last };
      const withEvent = (id: EventId): PassageStory => ({ ...told, events: [...told.events, id] });
      if (suppression === undefined) {
        const { id } = facts.record(fact, (eventId) => passageIn(withEvent(eventId)));
        recorded.push({ fact, eventId: id });
        if (fact.kind === 'unknown') this.#strangers.noteRecorded(fact);
        story = withEvent(id);
      } else {
        suppressed.push(suppression);
        story = told;
      }
      isWritten = suppression === undefined;
      this.#tracks.set(known.sighting.trackId, { ...before, decision, story, passage: passageIn(story) });
    }
    const memory = { ...before, decision: step.decision, story, passage: passageIn(story) };
    return { memory, recorded, suppressed, isWritten };
  }

  #sightOptions({ story }: TrackMemory, views: FaceViews): SightOptions {
    return { startedAtMs: story.startedAtMs, views, threshold: this.#options.policy.threshold };
  }

  /** Writes the passage if that is due, then remembers the track, or forgets it after its last sighting. */
  #finish(sighting: Sighting, memory: TrackMemory, isDue: boolean): Pick<SightingOutcome, 'ended'> {
    const { passage } = memory;
    if (passage !== undefined && isDue) this.#options.facts.write(passage);
    if (sighting.isEnded) this.#strangers.end(memory.story.id);
    this.#remember(sighting, memory);
    return passage !== undefined && sighting.isEnded ? { ended: passage } : {};
  }

  #remember({ cameraId, trackId, sequence, isEnded }: Sighting, memory: TrackMemory): void {
    const isFinal = isEnded || memory.decision.state === 'attended';
    const views = isFinal ? noViews : copyBestViews(memory.views);
    if (isFinal) this.#options.challenges?.forget(cameraId, trackId);
    this.#forgetTrack(trackId);
    if (!isEnded) this.#tracks.set(trackId, { ...memory, views, lastSequence: sequence });
  }

  #endOf(sighting: Sighting): PassageEnd | undefined {
    const end = endOf(sighting);
    return end === 'vision-stopped' ? this.#stoppedBy : end;
  }

  /** Ends a track that gets no last sighting. Returns its passage, if it has one. */
  #endTrack(trackId: TrackId): readonly Passage[] {
    const passage = this.#tracks.get(trackId)?.passage;
    const ended =
      passage === undefined ? [] : [this.#strangers.withOwner(endedPassage(passage, this.#stoppedBy))];
    for (const each of ended) {
      this.#endings.add(each);
      this.#strangers.end(each.id);
    }
    this.#forgetTrack(trackId);
    return ended;
  }

  #forgetTrack(trackId: TrackId): void {
    wipeViews(this.#tracks.get(trackId)?.views ?? noViews);
    this.#tracks.delete(trackId);
  }
}
