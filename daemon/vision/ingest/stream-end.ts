import type { SaidTexts } from '../../kernel/said.js';

/** Stable codes for why a stream ended or did not begin. Technicians read them, and programs match them. */
export const streamFailureCodes = [
  'unauthorised',
  'forbidden',
  'not-found',
  'bad-request',
  'address-refused',
  'refused',
  'unreachable',
  'unknown-host',
  'no-answer',
  'not-rtsp',
  'server-busy',
  'server-error',
  'transport-refused',
  'login-unprotected',
  'login-unsupported',
  'redirected',
  'secure-connection-failed',
  'certificate-unknown',
  'certificate-name',
  'certificate-expired',
  'certificate-changed',
  'no-video',
  'no-key-frame',
  'no-parameter-sets',
  'undecodable',
  'no-first-frame',
  'codec-unsupported',
  'hardware-decoding-failed',
  'ended',
  'stalled',
  'falling-behind',
  'resolution-changed',
  'ffmpeg-killed',
  'ffmpeg-missing',
  'ffmpeg-unsupported',
  'failed',
] as const;
export type StreamFailureCode = (typeof streamFailureCodes)[number];

/** A failure and its detail. The detail contains no credentials and is safe to show. */
export interface FailureVerdict {
  readonly code: StreamFailureCode;
  readonly detail?: string;
}

/** A failure of a stream with message and remedy for technicians, without credentials. */
export interface StreamFailure {
  readonly code: StreamFailureCode;
  readonly message: string;
  readonly remedy: string;
  readonly says?: SaidTexts<'message' | 'remedy'>;
}

/** How an opened stream ended: its owner stopped it, or it failed. */
export type StreamEnd =
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'failed';
      readonly failure: StreamFailure;
      /** True where the camera is healthy, and waiting before the next try would only lose pictures. */
      readonly isRetriedAtOnce: boolean;
    };
