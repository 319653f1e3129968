import { type ErrorKind, isRollcallError, messageOf, RollcallError } from '../../kernel/errors.js';
import type { RecogniserId } from '../../kernel/ids.js';
import type { LogFields, LogLevel } from '../../kernel/logger.js';
import type { FaceAnalyser, ProviderInUse } from '../face-analyser.js';
import type { FaceAnalyserOptions } from './open-face-analyser.js';

/** The methods of a face analyser that run networks. The others are cheap, and any thread can do them. */
export type NetworkMethod = 'detect' | 'locate' | 'embed' | 'passivePad';

/** One call of a face analyser. Pictures of cameras lie in shared memory, so that sending them copies no pixels. */
export type InferenceCall = {
  readonly [Method in NetworkMethod]: {
    readonly method: Method;
    readonly parameters: Parameters<FaceAnalyser[Method]>;
  };
}[NetworkMethod];

/** The networks that a worker loads. */
export interface WorkerSetup
  extends Pick<
    FaceAnalyserOptions,
    'provider' | 'detector' | 'landmarks' | 'passivePad' | 'threads' | 'recogniser'
  > {
  readonly modelsDirectory: string | null;
}

/** The number of a call, which its answer repeats: calls may overlap. */
export interface NumberedCall {
  readonly number: number;
  readonly call: InferenceCall;
}

/** What the start of a worker is answered as. */
export const startNumber = 0;

/** From a worker. `ready` or `failed` with the number of the start answers the start. */
export type InferenceReply =
  | {
      readonly type: 'ready';
      readonly number: typeof startNumber;
      readonly recogniser: RecogniserId;
      readonly provider: ProviderInUse;
    }
  | { readonly type: 'answer'; readonly number: number; readonly answer: unknown }
  | { readonly type: 'failed'; readonly number: number; readonly error: DescribedError }
  | { readonly type: 'provider-changed'; readonly provider: ProviderInUse }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: LogFields;
    };

/** An error without its class, which a message does not keep. */
interface DescribedError {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

export function describeError(error: unknown): DescribedError {
  if (!isRollcallError(error)) {
    const details = error instanceof Error ? { stack: error.stack } : {};
    return { kind: 'defect', code: 'internal', message: messageOf(error), remedy: undefined, details };
  }
  const { kind, code, message, remedy, details } = error;
  return { kind, code, message, remedy, details };
}

export function errorOf({ remedy, ...described }: DescribedError): RollcallError {
  return new RollcallError({ ...described, ...(remedy === undefined ? {} : { remedy }) });
}
