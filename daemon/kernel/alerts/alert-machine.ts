import type { CameraId, StrangerId } from '../ids.js';
import {
  type AlertPart,
  type AlertRule,
  type AlertSubject,
  isOccurrence,
  type RuleAlert,
} from './alert-rule.js';
import type { AlertSignal } from './alert-signal.js';
import { countOccurrence, type OccurrenceWatch, partOf } from './occurrence-watch.js';

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

interface WatchOfAny {
  readonly cameraId: CameraId | null;
  /** Time of the last alert; undefined: none yet. */
  readonly alertedAtMs?: number;
}

/** Follows a condition. */
interface ConditionWatch extends WatchOfAny {
  readonly kind: 'condition';
  /** The condition while it lasts. `isAlerted`: an alert has reported its beginning. `isWorse`: it worsened after that alert. */
  readonly current?: AlertPart & { readonly isAlerted: boolean };
  /** Ended and not yet reported; an all-clear if an alert has reported its beginning (`isAlerted`). */
  readonly past?: AlertPart & { readonly isAlerted: boolean };
}

type Watch = OccurrenceWatch | ConditionWatch;

/** The place of a signal among the watches of its rule. Undefined: the rule does not count it. */
function watchedBy(
  { threshold }: AlertRule,
  { cameraId, ...signal }: AlertSignal,
): Pick<OccurrenceWatch, 'cameraId' | 'strangerId'> | undefined {
  const { of = 'events' } = threshold;
  if (signal.kind !== 'occurred' || of === 'events') return { cameraId };
  if (signal.stranger === undefined) return undefined;
  return of === 'strangers' ? { cameraId: null } : { cameraId: null, strangerId: signal.stranger.id };
}

/** The watch after a signal of its rule about its camera or its stranger. Undefined: there is nothing to remember. */
function watchSignal(rule: AlertRule, watch: Watch | undefined, signal: AlertSignal): Watch | undefined {
  if (signal.kind === 'occurred') {
    return countOccurrence(rule, watch?.kind === 'occurrence' ? watch : undefined, signal);
  }
  return followed(rule, asCondition(watch, signal), signal);
}

const dayMs = 86_400_000;
/** Most strangers whom a rule follows one by one. Beyond it, those are forgotten who were not seen for the longest time. */
const mostFollowed = 1_000;

/**
 * The watches without those of strangers that no longer matter: no alert waits, and the cooldown is over. A visit is remembered for
 * a day after its last event, so that it causes one alert only. Returns the same array if none is gone.
 */
function withoutGone(
  { threshold, cooldownMs }: AlertRule,
  watches: readonly Watch[],
  nowMs: number,
): readonly Watch[] {
  const keptMs = threshold.of === 'visits' ? Math.max(dayMs, cooldownMs) : cooldownMs;
  const isKept = (watch: Watch): boolean =>
    watch.kind !== 'occurrence' ||
    watch.seenAtMs === undefined ||
    watch.group !== undefined ||
    Math.abs(nowMs - watch.seenAtMs) < keptMs;
  const kept = watches.every(isKept) ? watches : watches.filter(isKept);
  if (kept.length <= mostFollowed) return kept;
  const seenMs = (watch: Watch): number =>
    watch.kind === 'occurrence' ? (watch.seenAtMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return [...kept].sort((a, b) => seenMs(b) - seenMs(a)).slice(0, mostFollowed);
}

const asCondition = (watch: Watch | undefined, { cameraId }: AlertSignal): ConditionWatch =>
  watch?.kind === 'condition' ? watch : { kind: 'condition', cameraId };

function followed({ minimumMs }: AlertRule, watch: ConditionWatch, signal: AlertSignal): ConditionWatch {
  const { current, past, ...rest } = watch;
  if (signal.kind !== 'ended') {
    const next = ongoing(current, signal);
    return next === undefined || next === current ? watch : { ...watch, current: next };
  }
  if (current === undefined) return watch;
  const { isWorse: _, ...latest } = current;
  const { isAlerted } = latest;
  const hasLasted = Math.abs(signal.atMs - current.fromMs) >= minimumMs;
  const kept = past === undefined ? {} : { past };
  if (!isAlerted && !hasLasted) return { ...rest, ...kept };
  const ended = { ...latest, untilMs: signal.atMs, lastSequence: signal.sequence };
  if (past === undefined) return { ...rest, past: ended };
  const { count, fromMs, firstSequence } = past;
  return {
    ...rest,
    past: { ...ended, count: count + 1, fromMs, firstSequence, isAlerted: isAlerted || past.isAlerted },
  };
}

/** The condition after a beginning or a change. A condition that began before the rule existed starts when it worsens. */
function ongoing(current: ConditionWatch['current'], signal: AlertSignal): ConditionWatch['current'] {
  const { kind, about, sequence } = signal;
  if (current === undefined) {
    return kind === 'eased' ? undefined : { ...partOf(signal), untilMs: null, isAlerted: false };
  }
  if (kind === 'began' || about === undefined) return current;
  const worse = kind === 'worsened' && current.isAlerted ? ({ isWorse: true } as const) : {};
  return { ...current, ...worse, about, lastSequence: sequence };
}

/** The parts that a watch may report now, and the watch afterwards; the same object if there are none. */
function release(
  rule: AlertRule,
  watch: Watch,
  nowMs: number,
): { readonly watch: Watch; readonly parts: readonly AlertPart[] } {
  const isCooling = watch.alertedAtMs !== undefined && Math.abs(nowMs - watch.alertedAtMs) < rule.cooldownMs;
  if (watch.kind === 'occurrence') {
    const { group, ...rest } = watch;
    if (group === undefined || isCooling) return { watch, parts: [] };
    return { watch: { ...rest, alertedAtMs: nowMs }, parts: [group] };
  }
  return releaseCondition(rule, watch, nowMs, isCooling);
}

function releaseCondition(rule: AlertRule, watch: ConditionWatch, nowMs: number, isCooling: boolean) {
  let after = watch;
  const parts: AlertPart[] = [];
  if (watch.past !== undefined && (watch.past.isAlerted || !isCooling)) {
    const { past, ...rest } = after;
    parts.push(withoutAlerted(watch.past));
    after = watch.past.isAlerted ? rest : { ...rest, alertedAtMs: nowMs };
  }
  const { current } = watch;
  if (current !== undefined && isAlertDue(current, rule, nowMs) && !isCooling) {
    const { isWorse: _, ...reported } = current;
    parts.push(withoutAlerted(current));
    after = { ...after, current: { ...reported, isAlerted: true }, alertedAtMs: nowMs };
  }
  return { watch: after, parts };
}

const isAlertDue = (
  { fromMs, isAlerted, isWorse }: NonNullable<ConditionWatch['current']>,
  { minimumMs }: AlertRule,
  nowMs: number,
): boolean => (isAlerted ? isWorse === true : Math.abs(nowMs - fromMs) >= minimumMs);

function withoutAlerted({
  isAlerted: _isAlerted,
  ...part
}: AlertPart & { readonly isAlerted: boolean }): AlertPart {
  return part;
}

/** Whether an alert is pending that only the cooldown or quiet hours hold back. */
function hasPendingAlert(rule: AlertRule, watch: Watch, nowMs: number): boolean {
  if (watch.kind === 'occurrence') return watch.group !== undefined;
  const { past, current } = watch;
  return past !== undefined || (current !== undefined && isAlertDue(current, rule, nowMs));
}
