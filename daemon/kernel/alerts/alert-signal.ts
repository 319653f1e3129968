import type { EventKind } from '../events/event.js';
import { type CameraId, cameraId, type StrangerId, strangerId } from '../ids.js';
import { wallMsOf } from '../iso-time.js';
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

/** The stranger of an event. Times are wall clock, milliseconds since the epoch. */
export interface SignalledStranger {
  readonly id: StrangerId;
  /** Number of the visit; 0 if the event has none. */
  readonly visit: number;
  /** Where the stranger was seen and when for the last time. */
  readonly cameras: readonly { readonly cameraId: CameraId; readonly lastSeenMs: number }[];
}

export type OccurredSignal = AboutEvent & {
  readonly kind: 'occurred';
  readonly on: Occurrence;
  readonly stranger?: SignalledStranger;
};

type ConditionPhase = 'began' | 'worsened' | 'eased' | 'ended';

/** An event in the terms of rules. */
export type AlertSignal =
  | OccurredSignal
  | (AboutEvent & { readonly kind: ConditionPhase; readonly on: Condition });

/** Kinds of event that rules can be about. */
export const alertingKinds: readonly EventKind[] = [
  'unknown',
  'loitering',
  'recognised-unproven',
  'recognised-refused',
  'recognised-ambiguous',
  'watchlist',
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
    case 'loitering':
      return [{ ...about, ...strangerOf(data['stranger']), kind: 'occurred', on: kind }];
    case 'recognised-unproven':
    case 'recognised-ambiguous':
    case 'attack':
      return [{ ...about, kind: 'occurred', on: kind }];
    case 'recognised-refused':
      return [{ ...about, kind: 'occurred', on: data['reason'] === 'barred' ? 'barred' : 'expired' }];
    case 'watchlist':
      return [{ ...about, kind: 'occurred', on: 'watched' }];
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

/** Events of unknown persons describe the stranger, all others name the id. Those of older releases do neither. */
function strangerOf(stranger: unknown): Pick<OccurredSignal, 'stranger'> {
  if (typeof stranger === 'string') return { stranger: { id: strangerId(stranger), visit: 0, cameras: [] } };
  if (typeof stranger !== 'object' || stranger === null) return {};
  const { id, visit, cameras } = stranger as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string') return {};
  const seen = (Array.isArray(cameras) ? cameras : []) as readonly Readonly<Record<string, unknown>>[];
  return {
    stranger: {
      ...{ id: strangerId(id), visit: Number(visit) },
      cameras: seen.map(({ camera, lastSeen }) => ({
        ...{ cameraId: cameraId(String(camera)), lastSeenMs: wallMsOf(String(lastSeen)) },
      })),
    },
  };
}

function phaseOf({ active, change }: AlertableEvent['data']): ConditionPhase {
  if (active !== true) return 'ended';
  return change === 'worsened' || change === 'eased' ? change : 'began';
}

/** The items of `recogniser-unfit` are persons, and alerts do not name persons. */
const named = (on: Condition, about: unknown): Pick<AboutEvent, 'about'> =>
  Array.isArray(about) && on !== 'recogniser-unfit' ? { about: about.map(String) } : {};

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
