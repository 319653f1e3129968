/** Stable names of the ways in which a stream ends or does not begin. Shown to technicians, matched by programs. */
export type StreamFailureCode =
  | 'unauthorised'
  | 'forbidden'
  | 'not-found'
  | 'bad-request'
  | 'refused'
  | 'unreachable'
  | 'unknown-host'
  | 'no-answer'
  | 'not-rtsp'
  | 'server-busy'
  | 'server-error'
  | 'transport-refused'
  | 'login-unprotected'
  | 'login-unsupported'
  | 'redirected'
  | 'secure-connection-failed'
  | 'certificate-unknown'
  | 'certificate-name'
  | 'certificate-expired'
  | 'certificate-changed'
  | 'no-video'
  | 'no-key-frame'
  | 'no-parameter-sets'
  | 'undecodable'
  | 'no-first-frame'
  | 'codec-unsupported'
  | 'hardware-decoding-failed'
  | 'ended'
  | 'stalled'
  | 'falling-behind'
  | 'resolution-changed'
  | 'ffmpeg-killed'
  | 'ffmpeg-missing'
  | 'ffmpeg-unsupported'
  | 'failed';

/** What went wrong, and what is particular about it: without credentials, fit to be shown. */
export interface FailureVerdict {
  readonly code: StreamFailureCode;
  readonly detail?: string;
}

/** What went wrong with a stream, in words for technicians, without credentials. */
export interface StreamFailure {
  readonly code: StreamFailureCode;
  readonly message: string;
  readonly remedy: string;
}

/** How an opened stream ended: because its owner asked for it, or with a reason to tell and try again. */
export type StreamEnd =
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'failed';
      readonly failure: StreamFailure;
      /** True when nothing is wrong and waiting before the next try would only lose pictures. */
      readonly isRetriedAtOnce: boolean;
    };
