import type { StreamInfo } from './frame-source.js';
import type { StreamFailure } from './stream-end.js';

/** What is known of a camera's stream. */
export type CameraState =
  /** The first try, or a new one that needs no waiting: there is nothing to complain about yet. */
  | { readonly state: 'connecting' }
  | { readonly state: 'streaming'; readonly stream: StreamInfo }
  /** Stays while the next tries go on, so that the reason can be read. */
  | {
      readonly state: 'failed';
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
      /** How long after this state was entered the next try begins, milliseconds. */
      readonly nextTryMs: number;
    };

export type CameraStateInput =
  | { readonly input: 'opened'; readonly stream: StreamInfo }
  | { readonly input: 'reopening' }
  | { readonly input: 'failed'; readonly failure: StreamFailure; readonly nextTryMs: number };

export const initialCameraState: CameraState = { state: 'connecting' };

/** The state after `input`; the same object where nothing changes that anybody would see. */
export function nextCameraState(state: CameraState, input: CameraStateInput): CameraState {
  switch (input.input) {
    case 'opened':
      return { state: 'streaming', stream: input.stream };
    case 'reopening':
      return state.state === 'connecting' ? state : initialCameraState;
    case 'failed': {
      const { code, message, remedy } = input.failure;
      return { state: 'failed', code, message, remedy, nextTryMs: Math.round(input.nextTryMs) };
    }
  }
}
