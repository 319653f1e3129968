import type { AttackFact } from '../events/event.js';
import { nearestPersons, rounded, type TrackProbes } from '../identification/identify-track.js';
import type { MatchPolicy } from '../identification/match.js';
import type { EventId, PassageId, PersonId } from '../ids.js';
import type { JudgedLiveness, LivenessRequirement } from '../liveness/liveness.js';
import type { OpennessCurve } from '../liveness/openness-curve.js';
import type { Sighting, SightingEnd } from '../tracks/sighting.js';
import type { TrackKnowledge } from '../tracks/track-decision.js';
import { judgePassage, type LastFact, reasonAtEnd } from './judge-passage.js';
import {
  mostBlinksKept,
  mostNearPersons,
  type Passage,
  type PassageEnd,
  type PassageLiveness,
} from './passage.js';

/** What a passage remembers of its earlier sightings. */
export interface PassageStory {
  readonly id: PassageId;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly events: readonly EventId[];
  readonly last: LastFact | undefined;
  readonly isWithdrawn: boolean;
  /** The last curve of the eyes that came; times from the first time the face was seen. */
  readonly openness?: OpennessCurve;
}

interface PassageSetting {
  readonly probes: TrackProbes;
  readonly policy: MatchPolicy;
  /** Undefined while the face is in sight. */
  readonly end: PassageEnd | undefined;
}

/** The passage as it stands after a sighting. */
export function passageOf(
  story: PassageStory,
  known: TrackKnowledge,
  { probes, policy, end }: PassageSetting,
): Passage {
  const { sighting, identification, proof, standing } = known;
  const { cameraId, trackId, recogniser, views, liveness } = sighting;
  const { id, startedAtMs, events, last, isWithdrawn, openness } = story;
  const nearest = nearestPersons(probes, policy, mostNearPersons);
  const { require } = proof;
  const judged = { identification, liveness, require, views, policy, nearest, standing, last, isWithdrawn };
  const judgement = judgePassage(judged);
  const { threshold, margin } = policy;
  const passage = {
    ...{ id, cameraId, trackId, startedAtMs, views, recogniser, threshold, margin, nearest, events },
    probeQualities: probes.map(({ quality }) => rounded(quality)),
    lastSeenMs: known.wallMsOf(sighting.lastSeenMs),
    // What was seen after an attack says nothing about the attack.
    liveness:
      last?.fact.kind === 'attack'
        ? ofAttack(last.fact, require)
        : livenessOf(liveness, require, sighting.firstSeenMs),
    ...(openness === undefined ? {} : { openness }),
    ...judgement,
  };
  return end === undefined ? passage : endedPassage(passage, end);
}

/** The story with the curve of the eyes in a sighting. What was seen after an attack says nothing about the attack. */
export function storyWithEyes(story: PassageStory, sighting: Pick<Sighting, 'openness' | 'firstSeenMs'>) {
  return story.last?.fact.kind === 'attack' ? story : { ...story, ...eyesIn(sighting) };
}

function eyesIn({ openness, firstSeenMs }: Pick<Sighting, 'openness' | 'firstSeenMs'>) {
  if (openness === undefined) return {};
  return { openness: { ...openness, fromMs: Math.max(0, openness.fromMs - firstSeenMs) } };
}

/** The passage of a track whose decision is final: only the views and times change, and the eyes are added where they are absent. */
export function continuedPassage(
  passage: Passage,
  sighting: Sighting,
  { wallMsOf, end }: Pick<TrackKnowledge, 'wallMsOf'> & Pick<PassageSetting, 'end'>,
): Passage {
  const { views, lastSeenMs } = sighting;
  const seen = { ...eyesIn(sighting), ...passage, views, lastSeenMs: wallMsOf(lastSeenMs) };
  return end === undefined ? seen : endedPassage(seen, end);
}

export function endedPassage(passage: Passage, end: PassageEnd): Passage {
  return { ...passage, end, reason: reasonAtEnd(passage.reason, end) };
}

/** The passage after a person was removed from the gallery: it no longer names them. */
export function passageWithoutPerson(named: Passage, removed: PersonId): Passage {
  const { personId, assignedTo, ...rest } = named;
  const passage = { ...rest, ...(assignedTo === undefined || assignedTo === removed ? {} : { assignedTo }) };
  const nearest = passage.nearest.filter((near) => near.personId !== removed);
  if (personId !== removed) return { ...passage, nearest, ...(personId === undefined ? {} : { personId }) };
  const { cooldown: _, ...left } = passage;
  return { ...left, nearest, outcome: 'refused', reason: 'withdrawn' };
}

/** What remains of a story and its probes after a person was removed from the gallery. */
export function storyWithoutPerson(story: PassageStory, passage: Passage, removed: PersonId): PassageStory {
  if (passage.personId === removed) return { ...story, last: undefined, isWithdrawn: true };
  // The fact names the stranger, and so the person to whom the stranger was assigned.
  return passage.assignedTo === removed ? { ...story, last: undefined } : story;
}

function livenessOf(
  { verdict, reason, evidence }: JudgedLiveness,
  require: LivenessRequirement,
  firstSeenMs: number,
): PassageLiveness {
  const { blinks, observedS, frameCount, passiveScore } = evidence;
  return {
    ...{ require, verdict, reason, observedS, frameCount },
    blinkCount: blinks.length,
    blinks: blinks.slice(0, mostBlinksKept).map(({ atMs, durationMs }) => ({
      afterS: rounded(Math.max(0, atMs - firstSeenMs) / 1000),
      durationS: rounded(durationMs / 1000),
    })),
    ...(passiveScore === undefined ? {} : { passiveScore }),
  };
}

function ofAttack(
  { liveness: { blinks, ...seen } }: AttackFact,
  require: LivenessRequirement,
): PassageLiveness {
  return { require, ...seen, blinkCount: blinks.length };
}

const ends: Readonly<Record<SightingEnd, PassageEnd>> = {
  left: 'left',
  'another-face': 'another-face',
  'source-ended': 'camera-lost',
  'vision-stopped': 'vision-stopped',
};

/** How a sighting ends its passage; undefined if it does not. */
export function endOf({ isEnded, endedBy = 'left' }: Sighting): PassageEnd | undefined {
  return isEnded ? ends[endedBy] : undefined;
}
