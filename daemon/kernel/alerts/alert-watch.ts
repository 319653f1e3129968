import type { CameraId } from '../ids.js';
import type { AlertPart, AlertRule } from './alert-rule.js';
import type { AlertSignal } from './alert-signal.js';
import { countOccurrence, type OccurrenceWatch, partOf } from './occurrence-watch.js';

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

export type Watch = OccurrenceWatch | ConditionWatch;

/** The place of a signal among the watches of its rule. Undefined: the rule does not count it. */
export function watchedBy(
  { threshold }: AlertRule,
  { cameraId, ...signal }: AlertSignal,
): Pick<OccurrenceWatch, 'cameraId' | 'strangerId'> | undefined {
  const { of = 'events' } = threshold;
  if (signal.kind !== 'occurred' || of === 'events') return { cameraId };
  if (signal.stranger === undefined) return undefined;
  return of === 'strangers' ? { cameraId: null } : { cameraId: null, strangerId: signal.stranger.id };
}

/** The watch after a signal of its rule about its camera or its stranger. Undefined: there is nothing to remember. */
export function watchSignal(
  rule: AlertRule,
  watch: Watch | undefined,
  signal: AlertSignal,
): Watch | undefined {
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
export function withoutGone(
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
export function release(
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
export function hasPendingAlert(rule: AlertRule, watch: Watch, nowMs: number): boolean {
  if (watch.kind === 'occurrence') return watch.group !== undefined;
  const { past, current } = watch;
  return past !== undefined || (current !== undefined && isAlertDue(current, rule, nowMs));
}
