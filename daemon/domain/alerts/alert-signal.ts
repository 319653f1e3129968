import type { EventKind } from '../events/event.js';
import type { CameraId } from '../ids.js';
import { type Condition, conditions, type Occurrence } from './alert-rule.js';

interface AboutEvent {
  /** Null: the box as a whole. */
  readonly cameraId: CameraId | null;
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  /** Why, where the event names a code. */
  readonly code: string | null;
  /** Of a condition: everything that it is about, where the event says so. */
  readonly about?: readonly string[];
  readonly sequence: number;
}

/** What an event means to rules. */
export type AlertSignal =
  | (AboutEvent & { readonly kind: 'occurred'; readonly on: Occurrence })
  | (AboutEvent & { readonly kind: 'began' | 'worsened' | 'eased' | 'ended'; readonly on: Condition });

/** Kinds of event that rules may be about. */
export const alertingKinds: readonly EventKind[] = [
  'unknown',
  'recognised-unproven',
  'recognised-ambiguous',
  'attack',
  'gap',
  'camera',
  'gallery',
  'box',
];

/** An event as it was recorded. */
export interface AlertableEvent extends Omit<AboutEvent, 'code' | 'about'> {
  readonly kind: EventKind;
  /** The `data` of the CloudEvent. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Empty for an event that no rule can be about. */
export function alertSignals({ kind, data, ...place }: AlertableEvent): readonly AlertSignal[] {
  const about = { ...place, code: textOrNull(data['code']) };
  const phase = (isBeginning: boolean): 'began' | 'ended' => (isBeginning ? 'began' : 'ended');
  switch (kind) {
    case 'unknown':
    case 'recognised-unproven':
    case 'recognised-ambiguous':
    case 'attack':
      return [{ ...about, kind: 'occurred', on: kind }];
    case 'gap':
      return [{ ...about, kind: 'occurred', on: 'events-lost', code: textOrNull(data['reason']) }];
    case 'camera':
      return [
        { ...about, kind: phase(data['state'] === 'failed'), on: 'camera-down' },
        {
          ...{ ...place, code: textOrNull(data['damage']) },
          ...{ kind: phase(data['damage'] !== undefined), on: 'camera-impaired' },
        },
      ];
    case 'gallery': {
      const { change } = data;
      if (change !== 'sealed' && change !== 'opened') return [];
      return [{ ...about, kind: phase(change === 'sealed'), on: 'sealed' }];
    }
    case 'box': {
      const on = conditions.find((condition) => condition === data['condition']);
      return on === undefined ? [] : [{ ...about, ...named(on, data['about']), kind: phaseOf(data), on }];
    }
    default:
      return [];
  }
}

function phaseOf({ active, change }: AlertableEvent['data']): 'began' | 'worsened' | 'eased' | 'ended' {
  if (active !== true) return 'ended';
  return change === 'worsened' || change === 'eased' ? change : 'began';
}

/** Persons are not in alerts, so of them nothing is told apart. */
const named = (on: Condition, about: unknown): Pick<AboutEvent, 'about'> =>
  Array.isArray(about) && on !== 'recogniser-unfit' ? { about: about.map(String) } : {};

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
