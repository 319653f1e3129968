import { cameraId, passageId, recogniserId, trackId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { tallyOf } from './sightings.js';

const startedAtMs = Date.UTC(2026, 2, 1, 8);

/** A stranger who passed the gate. */
export function aPassage(changes: Partial<Passage> = {}): Passage {
  return {
    id: passageId('0198f3a4-6c00-7a41-8d07-3f2c9be57d10'),
    cameraId: cameraId('gate'),
    trackId: trackId('track-1'),
    startedAtMs,
    lastSeenMs: startedAtMs + 4_000,
    end: 'left',
    outcome: 'stranger',
    reason: 'stranger',
    views: tallyOf({ embedded: 3 }),
    recogniser: recogniserId('test-recogniser'),
    threshold: 0.5,
    margin: 0.05,
    nearest: [],
    liveness: {
      require: 'blink',
      verdict: 'undetermined',
      reason: 'observed-too-briefly',
      blinkCount: 0,
      observedS: 3.2,
      frameCount: 48,
    },
    events: [],
    ...changes,
  };
}
