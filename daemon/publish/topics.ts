import { badInput } from '../base/errors.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { isSlug } from '../domain/ids.js';

/** Every topic the box uses is made here. */
export interface Topics {
  /** `<prefix>/<site>/<box>/event/<kind>`: one message per event, never retained. */
  event(kind: string): string;
  /** `<prefix>/<site>/<box>/state`: retained; whether the box is connected. */
  readonly state: string;
  /** `<prefix>/<site>/<box>/check`: what `rollcall mqtt check` sends to itself; never retained, of no meaning to others. */
  readonly check: string;
}

/**
 * The topics of one box. `prefix` is one or more slugs joined by `/`. Throws `topic-unsafe` for anything else, so that
 * no wildcard, space or name of a person or place can become part of a topic.
 */
export function topicsOf(prefix: string, { siteId, boxId }: BoxIdentity): Topics {
  const levels = [...prefix.split('/'), siteId, boxId];
  const base = levels.map(safeLevel).join('/');
  return {
    event: (kind) => `${base}/event/${safeLevel(kind)}`,
    state: `${base}/state`,
    check: `${base}/check`,
  };
}

function safeLevel(level: string): string {
  if (isSlug(level)) return level;
  throw badInput('topic-unsafe', `${JSON.stringify(level)} cannot be a level of a topic`, {
    remedy: 'Use lower-case letters, digits, "-" and "_", beginning and ending with a letter or digit.',
  });
}
