// A thread that runs networks, started by `InferenceThread`: it answers calls, which may overlap.

import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openConfiguredStore } from '../../host/models/configured-store.js';
import { defect } from '../../kernel/errors.js';
import type { LogFields, Logger, LogLevel } from '../../kernel/logger.js';
import type { FaceAnalyser } from '../face-analyser.js';
import {
  describeError,
  type InferenceCall,
  type InferenceReply,
  type NumberedCall,
  startNumber,
  type WorkerSetup,
} from './inference-messages.js';
import { openFaceAnalyser } from './open-face-analyser.js';

/**
 * Niceness above the rest of the process and its decoders: under load these come first. Frames are then dropped where they are
 * counted and chosen, and not because a decoder was too late.
 */
const extraNiceness = 3;
const highestNiceness = 19;

if (parentPort === null) throw defect('no-parent', 'an inference worker was started as a process');
const port = parentPort;
const { modelsDirectory, ...networks } = workerData as WorkerSetup;

function reply(message: InferenceReply): void {
  port.postMessage(message);
}

const log =
  (level: LogLevel) =>
  (message: string, fields: LogFields = {}): void =>
    reply({ type: 'log', level, message, fields });
const logger: Logger = {
  debug: log('debug'),
  info: log('info'),
  warn: log('warn'),
  error: log('error'),
  child: () => logger,
};

/** Linux takes 0 for the calling thread. The threads that ONNX Runtime starts from here inherit it. */
function lowerPriority(): void {
  try {
    setPriority(0, Math.min(highestNiceness, getPriority(0) + extraNiceness));
  } catch {
    // Analysis works without it, only less evenly under load.
  }
}

async function run(analyser: FaceAnalyser, call: InferenceCall): Promise<unknown> {
  switch (call.method) {
    case 'detect':
      return analyser.detect(...call.parameters);
    case 'locate':
      return analyser.locate(...call.parameters);
    case 'embed':
      return analyser.embed(...call.parameters);
    case 'passivePad':
      return analyser.passivePad(...call.parameters);
  }
}

async function start(): Promise<void> {
  lowerPriority();
  const models = await openConfiguredStore(modelsDirectory);
  const analyser = await openFaceAnalyser({
    ...networks,
    models,
    logger,
    preparesBatches: true,
    onProviderChanged: (provider) => reply({ type: 'provider-changed', provider }),
  });
  port.on('message', (message: NumberedCall | 'close') => {
    if (message === 'close') {
      void Promise.resolve(analyser[Symbol.asyncDispose]()).finally(() => port.close());
      return;
    }
    const { number, call } = message;
    run(analyser, call).then(
      (answer) => reply({ type: 'answer', number, answer }),
      (error: unknown) => reply({ type: 'failed', number, error: describeError(error) }),
    );
  });
  const { recogniser, provider } = analyser;
  reply({ type: 'ready', number: startNumber, recogniser, provider });
}

start().catch((error: unknown) =>
  reply({ type: 'failed', number: startNumber, error: describeError(error) }),
);
