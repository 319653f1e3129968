import type { CameraId, StrangerId } from '../ids.js';
import {
  type AlertPart,
  type AlertRule,
  type AlertSubject,
  isOccurrence,
  type RuleAlert,
} from './alert-rule.js';
import type { AlertSignal } from './alert-signal.js';
import { hasPendingAlert, release, type Watch, watchedBy, watchSignal, withoutGone } from './alert-watch.js';

/** The state of a rule; plain data that is stored as JSON. */
export interface RuleState {
  readonly on: AlertSubject;
  /** One a camera, one a stranger, or one for the box. */
  readonly watches: readonly Watch[];
  /** An alert waits for the end of quiet hours. */
  readonly isHolding: boolean;
}

export const initialRuleState = ({ on }: AlertRule): RuleState => ({ on, watches: [], isHolding: false });

/** A signal, or a tick of the clock. */
export type RuleInput =
  | { readonly kind: 'signal'; readonly signal: AlertSignal }
  | { readonly kind: 'tick'; readonly cameras: ReadonlySet<CameraId> };

interface RuleMoment {
  readonly nowMs: number;
  /** The moment is within the quiet hours of the rule. */
  readonly isQuiet: boolean;
}

/** Whether a rule is about a signal. */
export const isConcerned = ({ on, cameras }: AlertRule, signal: AlertSignal): boolean =>
  on === signal.on &&
  (cameras === undefined || (signal.cameraId !== null && cameras.includes(signal.cameraId)));

/**
 * The state and the alerts of a rule after an input. An alert is about one camera, one stranger or the box; after quiet hours, one alert
 * contains everything that was held back. Returns the same state object if nothing changed, so that nothing is written.
 */
export function nextRuleState(
  rule: AlertRule,
  state: RuleState,
  input: RuleInput,
  { nowMs, isQuiet }: RuleMoment,
): { readonly state: RuleState; readonly alerts: readonly RuleAlert[] } {
  const seen =
    input.kind === 'signal'
      ? withSignal(rule, state, input.signal)
      : afterTick(rule, state, input.cameras, nowMs);
  if (isQuiet) {
    const isHolding = seen.isHolding || seen.watches.some((watch) => hasPendingAlert(rule, watch, nowMs));
    return { state: isHolding === seen.isHolding ? seen : { ...seen, isHolding }, alerts: [] };
  }
  const released = seen.watches.map((watch) => release(rule, watch, nowMs));
  const parts = released.flatMap((each) => each.parts);
  if (parts.length === 0 && !seen.isHolding) return { state: seen, alerts: [] };
  return {
    state: { ...seen, watches: released.map(({ watch }) => watch), isHolding: false },
    alerts: groupsOf(parts, seen.isHolding).map((group) => alertOf(rule, group)),
  };
}

function withSignal(rule: AlertRule, state: RuleState, signal: AlertSignal): RuleState {
  const place = watchedBy(rule, signal);
  if (place === undefined) return state;
  const index = state.watches.findIndex(
    (watch) => watch.cameraId === place.cameraId && strangerOf(watch) === place.strangerId,
  );
  const before = state.watches[index];
  const after = watchSignal(rule, before, signal);
  if (after === before || after === undefined) return state;
  const watches = index < 0 ? [...state.watches, after] : state.watches.with(index, after);
  return { ...state, watches };
}

const strangerOf = (watch: Watch): StrangerId | undefined =>
  watch.kind === 'occurrence' ? watch.strangerId : undefined;

/** Drops cameras that are no longer configured, which are neither down nor back, and strangers who no longer matter. */
function afterTick(
  rule: AlertRule,
  state: RuleState,
  cameras: ReadonlySet<CameraId>,
  nowMs: number,
): RuleState {
  const present = state.watches.filter(({ cameraId }) => cameraId === null || cameras.has(cameraId));
  const watches = withoutGone(rule, present, nowMs);
  return watches.length === state.watches.length ? state : { ...state, watches };
}

const groupsOf = (parts: readonly AlertPart[], isOneGroup: boolean): readonly (readonly AlertPart[])[] =>
  isOneGroup && parts.length > 0 ? [parts] : parts.map((part) => [part]);

function alertOf({ id, on, severity }: AlertRule, parts: readonly AlertPart[]): RuleAlert {
  const isOver = !isOccurrence(on) && parts.every(({ untilMs }) => untilMs !== null);
  const phase = isOver ? 'cleared' : 'raised';
  return { ruleId: id, on, severity, phase, parts };
}
