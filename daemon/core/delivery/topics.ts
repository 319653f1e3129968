import type { EventKind } from '../../kernel/events/event.js';
import { type BoxIds, isSlug } from '../../kernel/ids.js';
import { refusal } from '../../words/errors.js';

/** All topics that the box uses. */
export interface Topics {
  /**
   * `<prefix>/<site>/<box>/event/<kind>`, or `<prefix>/<site>/<box>/reply/<command id>` for the reply to a command. One
   * message for each event, never retained.
   */
  event(kind: EventKind, commandId?: string | null): string;
  /** `<prefix>/<site>/<box>/state`: retained; whether the box is connected. */
  readonly state: string;
  /** `<prefix>/<site>/<box>/camera/<id>/state`: retained; the state of the camera. */
  cameraState(cameraId: string): string;
  /** `<prefix>/<site>/<box>/camera/<id>/counts`: retained, for Home Assistant; how many unknown persons it saw today. */
  cameraCounts(cameraId: string): string;
  /** `<prefix>/<site>/<box>/prompt/<camera>`: never retained; what the person at this camera is asked to do. */
  prompt(cameraId: string): string;
  /** `<prefix>/<site>/<box>/keys`: retained; the public keys of the box. */
  readonly keys: string;
  /** `<prefix>/<site>/<box>/command/<name>`; the box reads all of them. */
  command(name: string): string;
  /** A filter that takes every command. */
  readonly anyCommand: string;
  /** `<prefix>/<site>/<box>/check`: the test message of `rollcall mqtt check` to itself; never retained. */
  readonly check: string;
  /**
   * The topic with `+` for the levels that differ within one kind of message: the id of a command or of a camera. The
   * access rules of a broker treat all topics of one pattern alike.
   */
  pattern(topic: string): string;
}

/**
 * The topics of one box. `prefix`: one or more slugs joined by `/`. Throws `topic-unsafe` for anything else, so that no
 * wildcard, space or name of a person or place gets into a topic.
 */
export function topicsOf(prefix: string, { siteId, boxId }: BoxIds): Topics {
  const levels = [...prefix.split('/'), siteId, boxId];
  const base = levels.map(safeLevel).join('/');
  return {
    event: (kind, commandId) =>
      kind === 'reply' ? `${base}/reply/${safeLevel(commandId ?? '')}` : `${base}/event/${safeLevel(kind)}`,
    state: `${base}/state`,
    cameraState: (cameraId) => `${base}/camera/${safeLevel(cameraId)}/state`,
    cameraCounts: (cameraId) => `${base}/camera/${safeLevel(cameraId)}/counts`,
    prompt: (cameraId) => `${base}/prompt/${safeLevel(cameraId)}`,
    keys: `${base}/keys`,
    command: (name) => `${base}/command/${safeLevel(name)}`,
    anyCommand: `${base}/command/+`,
    check: `${base}/check`,
    pattern: (topic) =>
      topic.startsWith(`${base}/`)
        ? topic
            .replace(/\/(reply|prompt)\/[^/]+$/, '/$1/+')
            .replace(/\/camera\/[^/]+\/([^/]+)$/, '/camera/+/$1')
        : topic,
  };
}

function safeLevel(level: string): string {
  if (isSlug(level)) return level;
  throw refusal('topic-unsafe', { detail: JSON.stringify(level) });
}
