import { badInput } from '../base/errors.js';
import type { BoxIdentity } from '../domain/events/box-identity.js';
import type { EventKind } from '../domain/events/event.js';
import { isSlug } from '../domain/ids.js';

/** Every topic the box uses is made here. */
export interface Topics {
  /**
   * `<prefix>/<site>/<box>/event/<kind>`, and `<prefix>/<site>/<box>/reply/<command id>` for what answers a command: one
   * message per event, never retained.
   */
  event(kind: EventKind, commandId?: string | null): string;
  /** `<prefix>/<site>/<box>/state`: retained; whether the box is connected. */
  readonly state: string;
  /** `<prefix>/<site>/<box>/camera/<id>/state`: retained; what the camera delivers. */
  cameraState(cameraId: string): string;
  /** `<prefix>/<site>/<box>/camera/<id>/counts`: retained, for Home Assistant; how many unknown persons it saw today. */
  cameraCounts(cameraId: string): string;
  /** `<prefix>/<site>/<box>/prompt/<camera>`: never retained; what the person at this camera is asked to do. */
  prompt(cameraId: string): string;
  /** `<prefix>/<site>/<box>/keys`: retained; the public keys of the box. */
  readonly keys: string;
  /** `<prefix>/<site>/<box>/command/<name>`, of which the box reads all. */
  command(name: string): string;
  /** A filter that takes every command. */
  readonly anyCommand: string;
  /** `<prefix>/<site>/<box>/check`: what `rollcall mqtt check` sends to itself; never retained, of no meaning to others. */
  readonly check: string;
  /**
   * The topic with `+` in place of the levels that differ between messages of one kind: the id of a command or of a camera.
   * All that match it are alike for the access rules of a broker.
   */
  pattern(topic: string): string;
}

/**
 * The topics of one box. `prefix` is one or more slugs joined by `/`. Throws `topic-unsafe` for anything else, so that
 * no wildcard, space or name of a person or place can become part of a topic.
 */
export function topicsOf(prefix: string, { siteId, boxId }: BoxIdentity): Topics {
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
  throw badInput('topic-unsafe', `${JSON.stringify(level)} cannot be a level of a topic`, {
    remedy: 'Use lower-case letters, digits, "-" and "_", beginning and ending with a letter or digit.',
  });
}
