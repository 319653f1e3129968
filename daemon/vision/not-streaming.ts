import type { SnapshotOutcome } from './protocol.js';

/** Of a camera that this process does not look at, or that shows nothing. */
export const notStreaming: SnapshotOutcome = {
  outcome: 'failed',
  code: 'camera-not-streaming',
  message: 'the camera shows no picture',
  remedy: "see 'rollcall camera list'",
};
