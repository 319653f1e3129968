import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import type { SearchGallery } from '../../daemon/core/sightings/gallery-search.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import type { AttendanceRules } from '../../daemon/kernel/attendance/attendance-rules.js';
import type { QualityReason } from '../../daemon/kernel/faces/quality.js';
import type { MatchPolicy } from '../../daemon/kernel/identification/match.js';
import { cameraId, type PersonId, personId, trackId } from '../../daemon/kernel/ids.js';
import type { ChallengeStanding } from '../../daemon/kernel/liveness/challenge.js';
import type { LivenessAssessment, LivenessRequirement } from '../../daemon/kernel/liveness/liveness.js';
import { explainPassage } from '../../daemon/kernel/passages/explain-passage.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import type { Standing } from '../../daemon/kernel/persons/person-standing.js';
import type { StrangerBook } from '../../daemon/kernel/strangers/stranger-book.js';
import type { SightingEnd } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { english } from '../../daemon/words/language.js';
import { openTestRecords, temporaryFolder } from './published-box.js';
import { sightingOf, tallyOf } from './sightings.js';

/** The similarity of a face to each enrolled person; all others have 0. */
export type Face = Readonly<Record<string, number>>;

export interface StageOptions {
  readonly people?: readonly string[];
  readonly policy?: Partial<MatchPolicy>;
  readonly rules?: Partial<AttendanceRules>;
  readonly require?: LivenessRequirement;
  readonly challenge?: ChallengeStanding;
  readonly standing?: Standing;
  readonly strangers?: StrangerBook;
  /** Instead of the people of the stage. */
  readonly search?: SearchGallery;
}

/** What a camera sees of one face. */
export interface Scene {
  readonly face?: Face;
  /** Tells strangers apart. */
  readonly stranger?: number;
  readonly seconds?: number;
  readonly liveness?: LivenessAssessment;
  /** Number of good views that are compared. */
  readonly probes?: number;
  /** Every view has these faults. */
  readonly faults?: readonly QualityReason[];
  readonly camera?: string;
}

export const doubt = (
  reason: LivenessAssessment['reason'] = 'observed-too-briefly',
  evidence: Partial<LivenessAssessment['evidence']> = {},
): LivenessAssessment => ({
  verdict: 'undetermined',
  reason,
  evidence: { blinks: [], unboundBlinks: [], gestures: [], observedS: 1.5, frameCount: 22, ...evidence },
});
export const live: LivenessAssessment = {
  ...doubt('blinked', { blinks: [{ atMs: 500, durationMs: 200 }] }),
  verdict: 'live',
};
export const attack = (reason: 'still-picture' | 'passive-model'): LivenessAssessment => ({
  ...doubt(reason, { observedS: 7.2, ...(reason === 'passive-model' ? { passiveScore: 0.12 } : {}) }),
  verdict: 'attack',
});

/** The production decider over real records, with people who are directions in the space of embeddings. */
export function openStage({ people = ['ada', 'grace'], ...options }: StageOptions = {}) {
  const folder = temporaryFolder();
  const path = join(folder.path, 'records.db');
  const records = openTestRecords(path);
  const clock = new VirtualClock(Date.UTC(2026, 2, 2, 7));
  const enrolled = new Set(people);
  const policy: MatchPolicy = { threshold: 0.5, margin: 0.05, minimumProbes: 2, ...options.policy };
  const { challenge, standing } = options;
  const decider = new Decider({
    search: async (embedding, wanted) =>
      options.search?.(embedding, wanted) ??
      people.flatMap((name, axis) =>
        enrolled.has(name) ? [{ personId: personId(name), similarity: embedding[axis] ?? 0 }] : [],
      ),
    policy,
    rules: {
      ...{ attendanceCooldownS: 300, unknownCooldownS: 60, attackCooldownS: 60, unknownAfterS: 2 },
      ...{ watchlistCooldownS: 60, watchlistRequires: 'none' as const },
      ...options.rules,
    },
    directionOf: () => 'in',
    proofAt: () => ({ require: options.require ?? 'blink', attackAfterS: 7 }),
    ...(challenge === undefined
      ? {}
      : { challenges: { see: () => challenge, forget: () => undefined, forgetCamera: () => undefined } }),
    ...(standing === undefined ? {} : { persons: { standingOf: () => standing, isWatched: () => false } }),
    strangers: () => options.strangers,
    facts: factStoreOf(records),
    ...{ clock, random },
  });
  let tracks = 0;

  /** A track that begins now. */
  function enter(scene: Scene) {
    tracks += 1;
    const id = trackId(`track-${tracks}`);
    const startMs = clock.monotonicMs();
    const offsetMs = clock.wallMs() - startMs;
    let sequence = -1;
    let embedded = 0;
    const see = async (now: Scene, end?: SightingEnd) => {
      const { face = {}, stranger = 0, probes = 3, faults = [], liveness = doubt(), camera = 'gate' } = now;
      const good = faults.length === 0 ? probes : 0;
      sequence += 1;
      embedded += good;
      const score = faults.length === 0 ? 0.8 : 0.2;
      const quality = { score, reasons: faults };
      const embedding = embeddingOf(people, face, stranger);
      const best = tallyOf().best;
      assert.ok(best);
      const outcome = await decider.onSighting(
        sightingOf({
          ...{ cameraId: cameraId(camera), trackId: id, sequence, liveness, quality },
          ...{ firstSeenMs: startMs, lastSeenMs: clock.monotonicMs() },
          views: {
            ...{ count: 8, embedded },
            faults: Object.fromEntries(faults.map((fault) => [fault, 8])),
            best: { ...best, ...spoilt, ...(faults.length === 0 ? {} : { quality }) },
          },
          probes: Array.from({ length: good }, (_, index) => ({
            ...{ capturedAtMs: startMs + index, embedding: embedding.slice(), quality: 0.8 },
          })),
          ...(end === undefined ? {} : { isEnded: true, endedBy: end }),
        }),
        (atMs) => atMs + offsetMs,
      );
      return outcome.ended;
    };
    return {
      see: (now: Scene = {}) => see({ ...scene, ...now }),
      leave: async (now: Scene = {}, end: SightingEnd = 'left') => {
        const ended = await see({ ...scene, probes: 0, ...now }, end);
        assert.ok(ended, 'the passage ends');
        return whatIsStored(ended);
      },
    };
  }

  /** The passage as records.db has it; its events are those that name it. */
  function whatIsStored({ id }: Pick<Passage, 'id'>): Passage {
    const stored = records.passages.find(id)?.passage;
    assert.ok(stored, 'the passage is stored');
    const named = records
      .list({ limit: 1000 })
      .filter(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')).data.passage === id);
    assert.deepEqual(
      named.map((event) => event.id),
      stored.events,
      'it lists its events',
    );
    return stored;
  }

  return {
    ...{ clock, decider, records, path, enter, whatIsStored },
    /** A whole passage. */
    async pass(scene: Scene, end?: SightingEnd): Promise<Passage> {
      const track = enter(scene);
      await track.see();
      clock.advanceBy((scene.seconds ?? 2.1) * 1000);
      return track.leave({}, end);
    },
    remove(name: string): void {
      enrolled.delete(name);
      decider.forgetPerson(personId(name));
    },
    async [Symbol.asyncDispose]() {
      decider[Symbol.dispose]();
      await records[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** How the passage is explained to someone who may read names. */
export function why(passage: Passage): string {
  const { outcome, reason } = passage;
  const call = (id: PersonId): string => `${id[0]?.toUpperCase()}${id.slice(1)}`;
  return `${outcome}, ${reason}: ${english.textOf(explainPassage(passage, call).sentence)}`;
}

/** Measurements of a view with every fault. */
const spoilt = { widthPx: 31, yawDeg: 48, meanLuma: 18, sharpness: 0.05 };

/** A unit vector with the given similarities; what is left points where each stranger has a direction of their own. */
function embeddingOf(people: readonly string[], face: Face, stranger: number): Float32Array {
  const values = people.map((name) => face[name] ?? 0);
  const rest = Math.sqrt(1 - values.reduce((sum, value) => sum + value * value, 0));
  const own = Array.from({ length: 4 }, (_, index) => (index === stranger ? rest : 0));
  return Float32Array.from([...values, ...own]);
}
