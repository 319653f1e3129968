import type { AttendanceRules } from '../../daemon/kernel/attendance/attendance-rules.js';
import type { ViewMeasures, ViewTally } from '../../daemon/kernel/faces/view-tally.js';
import { cameraId, recogniserId, trackId } from '../../daemon/kernel/ids.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import type { AttendanceProof } from '../../daemon/kernel/tracks/track-decision.js';

/** As the defaults of the configuration have it. */
export const proofByBlink: AttendanceProof = { require: 'blink', attackAfterS: 20 };

/** Cooldowns that are long beside a test. */
export const testRules: AttendanceRules = {
  attendanceCooldownS: 300,
  unknownCooldownS: 60,
  attackCooldownS: 60,
  watchlistCooldownS: 60,
  watchlistRequires: 'none',
  unknownAfterS: 2,
};

/** A sighting of a clearly visible person about whom nothing is decided yet. */
export function sightingOf(changes: Partial<Sighting> = {}): Sighting {
  return {
    cameraId: cameraId('gate'),
    trackId: trackId('track-1'),
    sequence: 0,
    isEnded: false,
    firstSeenMs: 0,
    lastSeenMs: 0,
    box: { x: 100, y: 100, width: 120, height: 150 },
    quality: { score: 0.8, reasons: [] },
    views: tallyOf(),
    liveness: {
      verdict: 'undetermined',
      reason: 'observed-too-briefly',
      evidence: { blinks: [], unboundBlinks: [], gestures: [], observedS: 0.5, frameCount: 8 },
    },
    recogniser: recogniserId('test-recogniser'),
    probes: [],
    ...(changes.isEnded === true ? { endedBy: 'left' } : {}),
    ...changes,
  };
}

/** The tally of a track before its first view. */
export const noTally: ViewTally = { count: 0, embedded: 0, faults: {} };

/** Eight views of a clearly visible face. */
export function tallyOf(changes: Partial<ViewTally> = {}): ViewTally {
  const best: ViewMeasures = {
    quality: { score: 0.8, reasons: [] },
    widthPx: 120,
    smallestFacePx: 40,
    yawDeg: 3,
    pitchDeg: 2,
    meanLuma: 110,
    sharpness: 0.9,
  };
  return { count: 8, embedded: 0, faults: {}, best, ...changes };
}
