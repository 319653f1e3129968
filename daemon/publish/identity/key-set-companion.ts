import type { Companion } from '../companion.js';
import { RetainedDocuments, type RetainedDocumentsOptions } from '../retained-documents.js';
import { type KeySetSource, type KeySetTerms, signedKeySet } from './key-set.js';

export type KeySetCompanionOptions = Pick<RetainedDocumentsOptions, 'memory' | 'clock' | 'logger'> &
  KeySetTerms & {
    readonly topic: string;
    readonly keys: KeySetSource & {
      /** Calls back whenever the key set has changed; returns how to stop. */
      readonly onChanged: (listener: () => void) => () => void;
    };
  };

/**
 * Keeps the key set at the broker, retained: published whenever it has changed, and on each connection before what is signed
 * with its keys.
 */
export function keySetCompanion(options: KeySetCompanionOptions): Companion {
  const { topic, keys, memory, clock, logger } = options;
  return new RetainedDocuments({
    owner: 'keys',
    what: 'the keys of this box',
    wanted: () => [
      {
        topic,
        content: String(keys.state.sequence),
        messages: async () => [await signedKeySet(options)],
      },
    ],
    onChanged: (listener) => keys.onChanged(listener),
    isLeading: true,
    ...{ memory, clock, logger },
  });
}
