import type { BoxIds } from '../../kernel/ids.js';
import type { KnownCamera } from '../delivery/camera-documents.js';
import type { RetainedDocument, RetainedParts } from '../delivery/retained-documents.js';
import type { Topics } from '../delivery/topics.js';
import { boxComponents, type Component, cameraComponents } from './components.js';

export interface DiscoveryOptions {
  readonly prefix: string;
  readonly topics: Topics;
  readonly from: BoxIds;
  /** Version of the program. */
  readonly version: string;
  readonly cameras: readonly Pick<KnownCamera, 'id' | 'name'>[];
}

/** A full component adds an entity; a component with only its platform removes one. */
type Components = Readonly<Record<string, Component | Pick<Component, 'platform'>>>;

/**
 * `<prefix>/device/<site>/<box>/config`: site and box are the node id and object id of Home Assistant. They are separate levels, so
 * that each box has its own topic and access rules can name the box that may write it.
 */
export function discoveryTopic(prefix: string, { siteId, boxId }: BoxIds): string {
  return `${prefix}/device/${siteId}/${boxId}/config`;
}

/** `<prefix>/status`: Home Assistant publishes here that it has started. */
export function birthTopic(prefix: string): string {
  return `${prefix}/status`;
}

/**
 * One device with its entities, for device-based discovery of Home Assistant (2024.12 and later). This message is the only one that
 * is not signed, because Home Assistant refuses unknown fields. A removed component is sent once with its platform only and then left
 * out, so that Home Assistant deletes the entity.
 */
export function discoveryDocument(options: DiscoveryOptions): RetainedDocument {
  const { prefix, topics, from, cameras } = options;
  const id = `rollcall:${from.siteId}/${from.boxId}`;
  const components: Readonly<Record<string, Component>> = Object.assign(
    {},
    boxComponents(topics, id),
    ...cameras.map((camera) => cameraComponents(camera, topics, id)),
  );
  const content = payload(options, id, components);
  const parts = Object.fromEntries(Object.entries(components).map(([key, { platform }]) => [key, platform]));
  return {
    topic: discoveryTopic(prefix, from),
    content,
    parts,
    async messages(gone) {
      if (Object.keys(gone).length === 0) return [content];
      return [payload(options, id, { ...components, ...toRemove(gone) }), content];
    },
  };
}

function toRemove(gone: RetainedParts): Components {
  const platforms = ['sensor', 'binary_sensor'] as const;
  return Object.fromEntries(
    Object.entries(gone).flatMap(([key, given]) => {
      const platform = platforms.find((each) => each === given);
      return platform === undefined ? [] : [[key, { platform }]];
    }),
  );
}

function payload({ from, version }: DiscoveryOptions, id: string, components: Components): string {
  return JSON.stringify({
    device: {
      identifiers: [id],
      name: `rollcall ${from.siteId} ${from.boxId}`,
      manufacturer: 'rollcall',
      model: 'rollcall box',
      sw_version: version,
    },
    origin: { name: 'rollcall', sw_version: version },
    components,
  });
}
