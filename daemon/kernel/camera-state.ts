/** The states of a camera. `waiting`: no vision process has reported on it yet. */
export const cameraStates = ['disabled', 'waiting', 'connecting', 'streaming', 'failed'] as const;
type CameraState = (typeof cameraStates)[number];

/** The streams of a camera that has two. */
export const cameraStreams = ['main', 'substream'] as const;

/** The states that the broker keeps. */
export const retainedCameraStates = [
  'streaming',
  'connecting',
  'failed',
  'disabled',
] as const satisfies readonly CameraState[];

/** The states that are events. */
export const noticedCameraStates = [
  'streaming',
  'failed',
  'disabled',
] as const satisfies readonly CameraState[];
export type NoticedCameraState = (typeof noticedCameraStates)[number];
