import { noProbes, type TrackProbes, withoutPerson } from '../../kernel/identification/identify-track.js';
import type { Identification } from '../../kernel/identification/match.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';
import type { Passage } from '../../kernel/passages/passage.js';
import {
  type PassageStory,
  passageWithoutPerson,
  storyWithoutPerson,
} from '../../kernel/passages/passage-story.js';
import type { Random } from '../../kernel/random.js';
import type { Sighting } from '../../kernel/tracks/sighting.js';
import { type TrackDecision, undecided } from '../../kernel/tracks/track-decision.js';
import { newPassageId } from '../records/event-id.js';
import { type FaceViews, noViews } from './face-views.js';

/** What the decider remembers of an open track. */
export interface TrackMemory {
  readonly cameraId: CameraId;
  readonly lastSequence: number;
  readonly probes: TrackProbes;
  readonly decision: TrackDecision;
  readonly identification: Identification | undefined;
  /** The best views so far, to distinguish strangers; empty after an attendance. Overwritten when replaced. */
  readonly views: FaceViews;
  readonly story: PassageStory;
  /** As it stands; undefined before the first sighting is handled. */
  readonly passage: Passage | undefined;
}

export function newTrack(
  { cameraId, firstSeenMs }: Sighting,
  wallMsOf: (capturedAtMs: number) => number,
  random: Random,
): TrackMemory {
  const startedAtMs = wallMsOf(firstSeenMs);
  const id = newPassageId(startedAtMs, random);
  return {
    cameraId,
    lastSequence: -1,
    probes: noProbes,
    decision: undecided,
    identification: undefined,
    views: noViews,
    story: { id, startedAtMs, events: [], last: undefined, isWithdrawn: false },
    passage: undefined,
  };
}

/** The memory as if `removed` had never been in the gallery; a passage that named this person tells of the removal. */
export function trackWithoutPerson(track: TrackMemory, removed: PersonId): TrackMemory {
  const { passage, story, probes } = track;
  return {
    ...track,
    probes: withoutPerson(probes, removed),
    ...(passage && {
      story: storyWithoutPerson(story, passage, removed),
      passage: passageWithoutPerson(passage, removed),
    }),
  };
}
