import type { EventKind } from '../events/event.js';
import type { CameraId } from '../ids.js';
import { type Condition, conditions, type Occurrence } from './alert-rule.js';

interface AboutEvent {
  /** Null: the whole box. */
  readonly cameraId: CameraId | null;
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  /** The reason, if the event has a code. */
  readonly code: string | null;
  /** For a condition: its current items, if the event names them. */
  readonly about?: readonly string[];
  readonly sequence: number;
}

/** An event in the terms of rules. */
export type AlertSignal =
  | (AboutEvent & { readonly kind: 'occurred'; readonly on: Occurrence })
  | (AboutEvent & { readonly kind: 'began' | 'worsened' | 'eased' | 'ended'; readonly on: Condition });

/** Kinds of event that rules can be about. */
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

/** A recorded event. */
interface AlertableEvent extends Omit<AboutEvent, 'code' | 'about'> {
  readonly kind: EventKind;
  /** The `data` of the CloudEvent. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The signals of an event; none for an event that no rule can be about. */
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

/** The items of `recogniser-unfit` are persons, and alerts do not name persons. */
const named = (on: Condition, about: unknown): Pick<AboutEvent, 'about'> =>
  Array.isArray(about) && on !== 'recogniser-unfit' ? { about: about.map(String) } : {};

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
