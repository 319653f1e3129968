import type { PictureDamage } from '../../kernel/picture-damage.js';
import { present } from '../../kernel/present.js';
import type { StreamInfo } from './frame-source.js';
import type { StreamFailure } from './stream-end.js';

/** The state of a camera's stream. */
export type CameraState =
  /** The first try, or a new one that starts without a wait: no problem is known yet. */
  | { readonly state: 'connecting' }
  /** `damage`: pictures arrive, but they are unusable. */
  | { readonly state: 'streaming'; readonly stream: StreamInfo; readonly damage?: PictureDamage }
  /** Kept during the next tries, so that the reason stays visible. */
  | {
      readonly state: 'failed';
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
      /** Time from this state's beginning to the next try, milliseconds. */
      readonly nextTryMs: number;
    };

export type CameraStateInput =
  | { readonly input: 'opened'; readonly stream: StreamInfo }
  | { readonly input: 'pictures'; readonly damage: PictureDamage | undefined }
  | { readonly input: 'reopening' }
  | { readonly input: 'failed'; readonly failure: StreamFailure; readonly nextTryMs: number };

export const initialCameraState: CameraState = { state: 'connecting' };

/** The state after `input`; the same object where nothing visible changes. */
export function nextCameraState(state: CameraState, input: CameraStateInput): CameraState {
  switch (input.input) {
    case 'opened':
      // A change of size does not end the damage of the pictures.
      return state.state === 'streaming'
        ? { ...state, stream: input.stream }
        : { state: 'streaming', stream: input.stream };
    case 'pictures': {
      if (state.state !== 'streaming' || state.damage?.code === input.damage?.code) return state;
      const { stream } = state;
      return { state: 'streaming', stream, ...present({ damage: input.damage }) };
    }
    case 'reopening':
      return state.state === 'connecting' ? state : initialCameraState;
    case 'failed': {
      const { code, message, remedy } = input.failure;
      return { state: 'failed', code, message, remedy, nextTryMs: Math.round(input.nextTryMs) };
    }
  }
}
