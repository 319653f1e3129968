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
export interface WorkerSetup extends Omit<FaceAnalyserOptions, 'models' | 'logger' | 'gpuSigns'> {
  readonly modelsDirectory: string | null;
}

/** From a worker. The first `ready` or `failed` answers its start, and each later one a call. */
export type InferenceReply =
  | { readonly type: 'ready'; readonly recogniser: RecogniserId; readonly provider: ProviderInUse }
  | { readonly type: 'answer'; readonly answer: unknown }
  | { readonly type: 'failed'; readonly error: DescribedError }
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
