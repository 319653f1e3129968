import type { CameraId } from '../ids.js';
import {
  type AlertPart,
  type AlertRule,
  type AlertSubject,
  isOccurrence,
  type RuleAlert,
} from './alert-rule.js';
import type { AlertSignal } from './alert-signal.js';
import { hasToTell, release, type Watch, watchSignal } from './alert-watch.js';

/** What a rule remembers: plain data, to be written as JSON and read again. */
export interface RuleState {
  readonly on: AlertSubject;
  /** One a camera, or one for the box. */
  readonly watches: readonly Watch[];
  /** There is something that waits for the end of quiet hours. */
  readonly isHolding: boolean;
}

export const initialRuleState = ({ on }: AlertRule): RuleState => ({ on, watches: [], isHolding: false });

/** What has happened, or only that time went by. */
export type RuleInput =
  | { readonly kind: 'signal'; readonly signal: AlertSignal }
  | { readonly kind: 'tick'; readonly cameras: ReadonlySet<CameraId> };

export interface RuleMoment {
  readonly nowMs: number;
  /** It is one of the quiet hours of the rule. */
  readonly isQuiet: boolean;
}

/** Whether a rule has to see a signal. */
export const isConcerned = ({ on, cameras }: AlertRule, signal: AlertSignal): boolean =>
  on === signal.on &&
  (cameras === undefined || (signal.cameraId !== null && cameras.includes(signal.cameraId)));

/**
 * What a rule remembers and says after an input. An alert tells of one camera, or of the box; what was held back in quiet
 * hours is told in one alert. Returns the same state where nothing changed, so that nothing needs to be written.
 */
export function nextRuleState(
  rule: AlertRule,
  state: RuleState,
  input: RuleInput,
  { nowMs, isQuiet }: RuleMoment,
): { readonly state: RuleState; readonly alerts: readonly RuleAlert[] } {
  const seen =
    input.kind === 'signal' ? withSignal(rule, state, input.signal) : withCameras(state, input.cameras);
  if (isQuiet) {
    const isHolding = seen.isHolding || seen.watches.some((watch) => hasToTell(rule, watch, nowMs));
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
  const index = state.watches.findIndex(({ cameraId }) => cameraId === signal.cameraId);
  const before = state.watches[index];
  const after = watchSignal(rule, before, signal);
  if (after === before) return state;
  const watches = index < 0 ? [...state.watches, after] : state.watches.with(index, after);
  return { ...state, watches };
}

/** A camera that is no longer configured is neither down nor back. */
function withCameras(state: RuleState, cameras: ReadonlySet<CameraId>): RuleState {
  const watches = state.watches.filter(({ cameraId }) => cameraId === null || cameras.has(cameraId));
  return watches.length === state.watches.length ? state : { ...state, watches };
}

const groupsOf = (parts: readonly AlertPart[], isOneGroup: boolean): readonly (readonly AlertPart[])[] =>
  isOneGroup && parts.length > 0 ? [parts] : parts.map((part) => [part]);

function alertOf({ id, on, severity }: AlertRule, parts: readonly AlertPart[]): RuleAlert {
  const isOver = !isOccurrence(on) && parts.every(({ untilMs }) => untilMs !== null);
  const phase = isOver ? 'cleared' : 'raised';
  return { ruleId: id, on, severity, phase, parts };
}
