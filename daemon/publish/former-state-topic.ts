import type { Companion } from './companion.js';
import { RetainedDocuments, type RetainedDocumentsOptions } from './retained-documents.js';

/**
 * Takes back the retained state of the box from where it stood before site, box or prefix were changed: otherwise a box that
 * is no more would be offline there for ever. The state itself is none of its business.
 */
export function formerStateTopic(
  topic: string,
  { memory, clock, logger }: Pick<RetainedDocumentsOptions, 'memory' | 'clock' | 'logger'>,
): Companion {
  return new RetainedDocuments({
    owner: 'state',
    what: 'the state of this box under its former name',
    wanted: () => [{ topic, content: '', messages: async () => [] }],
    onChanged: () => () => undefined,
    ...{ memory, clock, logger },
  });
}
