import type { BoxIdentity } from '../../domain/events/box-identity.js';
import type { KnownCamera } from '../camera-states.js';
import type { DocumentParts, RetainedDocument } from '../retained-documents.js';
import type { Topics } from '../topics.js';
import { boxComponents, type Component, cameraComponents } from './components.js';

export interface DiscoveryOptions {
  readonly prefix: string;
  readonly topics: Topics;
  readonly from: BoxIdentity;
  /** Of the program. */
  readonly version: string;
  readonly cameras: readonly Pick<KnownCamera, 'id' | 'name'>[];
}

/** Present, an entity; with nothing but its platform, one that is to go. */
type Components = Readonly<Record<string, Component | Pick<Component, 'platform'>>>;

/**
 * `<prefix>/device/<site>/<box>/config`: site and box are the node id and object id of Home Assistant. Levels of their own,
 * so that no two boxes share a topic, and access rules can say which box may write it.
 */
export function discoveryTopic(prefix: string, { siteId, boxId }: BoxIdentity): string {
  return `${prefix}/device/${siteId}/${boxId}/config`;
}

/** `<prefix>/status`: where Home Assistant says that it has started. */
export function birthTopic(prefix: string): string {
  return `${prefix}/status`;
}

/**
 * One device with an entity for each thing that can be watched, as device-based discovery of Home Assistant (2024.12 and
 * later) wants it. Unlike everything else the box publishes it is not signed: Home Assistant refuses fields it does not know.
 * A component that is no more is sent once with its platform alone, then left out: so Home Assistant forgets the entity.
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

function toRemove(gone: DocumentParts): Components {
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
