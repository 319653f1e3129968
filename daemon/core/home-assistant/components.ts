import { unprintableRuns } from '../../kernel/printable-text.js';
import type { KnownCamera } from '../delivery/camera-documents.js';
import type { Topics } from '../delivery/topics.js';

/** The `platform` of a component: the integration of Home Assistant that makes the entity. */
export type Platform = 'sensor' | 'binary_sensor';

/** One entity as Home Assistant's discovery describes it, by its full names. */
export interface Component {
  readonly platform: Platform;
  /** Never changes: Home Assistant keeps the settings of its users by this id. */
  readonly unique_id: string;
  /** Shown after the name of the device. */
  readonly name: string;
  readonly state_topic: string;
  /** A Jinja template. Contains only configured ids and constants. */
  readonly value_template: string;
  readonly qos: 1;
  readonly availability?: readonly {
    readonly topic: string;
    readonly value_template: string;
    readonly payload_available: string;
    readonly payload_not_available: string;
  }[];
  readonly device_class?: 'connectivity' | 'problem' | 'tamper';
  readonly entity_category?: 'diagnostic';
  readonly state_class?: 'total_increasing';
  readonly icon?: string;
  /** Seconds after which Home Assistant shows an attack as over, because no event reports its end. */
  readonly off_delay?: number;
}

const attackShownS = 60;
const longestName = 64;

/** The person of an event of this camera. An event of another camera keeps the shown value; Home Assistant shows None as unknown. */
function personOf(camera: string): string {
  return `{{ value_json.data.person if ${isNewsOf(camera)} else (this.state if this.state not in ['unknown', 'unavailable'] else None) }}`;
}

/** The condition for a new event of `camera`. An event that is sent late or again must not look as if it happened now. */
function isNewsOf(camera: string): string {
  return `value_json is defined and value_json.data.camera == '${camera}' and value_json.historical is not defined`;
}

function whileOnline(topics: Topics): Pick<Component, 'availability'> {
  const value_template = "{{ value_json.state if value_json is defined else 'offline' }}";
  const payloads = { payload_available: 'online', payload_not_available: 'offline' };
  return { availability: [{ topic: topics.state, value_template, ...payloads }] };
}

/** Entities of the box itself, by the key of the component. `id` begins every unique id. */
export function boxComponents(topics: Topics, id: string): Readonly<Record<string, Component>> {
  return {
    box_connectivity: {
      platform: 'binary_sensor',
      unique_id: `${id}/connectivity`,
      name: 'Connected',
      state_topic: topics.state,
      value_template: onIf("value_json is defined and value_json.state == 'online'"),
      qos: 1,
      device_class: 'connectivity',
      entity_category: 'diagnostic',
    },
    box_gallery: {
      platform: 'binary_sensor',
      unique_id: `${id}/gallery-sealed`,
      name: 'Gallery sealed',
      state_topic: topics.state,
      value_template: onIf("value_json is defined and value_json.gallery == 'sealed'"),
      qos: 1,
      ...whileOnline(topics),
      device_class: 'problem',
      entity_category: 'diagnostic',
    },
  };
}

/** Entities of one camera, by the key of the component. */
export function cameraComponents(
  { id: camera, name: given }: Pick<KnownCamera, 'id' | 'name'>,
  topics: Topics,
  id: string,
): Readonly<Record<string, Component>> {
  const name = shownName(given) || camera;
  const common = (thing: string) => ({
    unique_id: `${id}/camera/${camera}/${thing}`,
    qos: 1 as const,
    ...whileOnline(topics),
  });
  return {
    [`camera_${camera}_person`]: {
      platform: 'sensor',
      ...common('last-person'),
      name: `${name}: last person`,
      state_topic: topics.event('attendance'),
      value_template: personOf(camera),
      icon: 'mdi:account',
    },
    [`camera_${camera}_unproven`]: {
      platform: 'sensor',
      ...common('last-unproven'),
      name: `${name}: last person without proof of life`,
      state_topic: topics.event('recognised-unproven'),
      value_template: personOf(camera),
      icon: 'mdi:account-alert',
    },
    [`camera_${camera}_refused`]: {
      platform: 'sensor',
      ...common('last-refused'),
      name: `${name}: last refused person`,
      state_topic: topics.event('recognised-refused'),
      value_template: personOf(camera),
      icon: 'mdi:account-cancel',
    },
    [`camera_${camera}_watched`]: {
      platform: 'sensor',
      ...common('last-watched'),
      name: `${name}: last watched person`,
      state_topic: topics.event('watchlist'),
      value_template: personOf(camera),
      icon: 'mdi:account-eye',
    },
    [`camera_${camera}_unknown`]: {
      platform: 'sensor',
      ...common('unknown-today'),
      name: `${name}: unknown persons today`,
      state_topic: topics.cameraCounts(camera),
      value_template: '{{ value_json.unknown if value_json is defined else None }}',
      state_class: 'total_increasing',
      icon: 'mdi:account-question',
    },
    [`camera_${camera}_attack`]: {
      platform: 'binary_sensor',
      ...common('attack'),
      name: `${name}: presentation attack`,
      state_topic: topics.event('attack'),
      // Home Assistant ignores an empty result.
      value_template: `{{ 'ON' if ${isNewsOf(camera)} else '' }}`,
      device_class: 'tamper',
      off_delay: attackShownS,
    },
    [`camera_${camera}_connectivity`]: {
      platform: 'binary_sensor',
      ...common('connectivity'),
      name: `${name}: connected`,
      state_topic: topics.cameraState(camera),
      value_template: onIf("value_json is defined and value_json.state == 'streaming'"),
      device_class: 'connectivity',
      entity_category: 'diagnostic',
    },
  };
}

function onIf(condition: string): string {
  return `{{ 'ON' if ${condition} else 'OFF' }}`;
}

function shownName(given: string): string {
  return [...given.replaceAll(unprintableRuns, ' ').trim()].slice(0, longestName).join('');
}
