import type { CameraId } from '../ids.js';
import type { AlertPart, AlertRule } from './alert-rule.js';
import type { AlertSignal } from './alert-signal.js';

interface WatchOfAny {
  readonly cameraId: CameraId | null;
  /** Time of the last alert; undefined: none yet. */
  readonly alertedAtMs?: number;
}

/** Counts occurrences. */
interface OccurrenceWatch extends WatchOfAny {
  readonly kind: 'occurrence';
  /** The newest occurrences without an alert; fewer than the threshold. */
  readonly recent: readonly { readonly atMs: number; readonly sequence: number }[];
  /** Occurrences that reached the threshold, and later ones; absent if no alert is due. */
  readonly group?: AlertPart;
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

/** The watch after a signal of its rule about its camera. */
export function watchSignal(rule: AlertRule, watch: Watch | undefined, signal: AlertSignal): Watch {
  if (signal.kind === 'occurred') return counted(rule, asOccurrence(watch, signal), signal);
  return followed(rule, asCondition(watch, signal), signal);
}

const asOccurrence = (watch: Watch | undefined, { cameraId }: AlertSignal): OccurrenceWatch =>
  watch?.kind === 'occurrence' ? watch : { kind: 'occurrence', cameraId, recent: [] };

const asCondition = (watch: Watch | undefined, { cameraId }: AlertSignal): ConditionWatch =>
  watch?.kind === 'condition' ? watch : { kind: 'condition', cameraId };

function partOf({ cameraId, atMs, code, about, sequence }: AlertSignal): AlertPart {
  return {
    ...{ cameraId, count: 1, fromMs: atMs, untilMs: atMs, code },
    ...(about === undefined ? {} : { about }),
    ...{ firstSequence: sequence, lastSequence: sequence },
  };
}

function counted({ threshold }: AlertRule, watch: OccurrenceWatch, signal: AlertSignal): OccurrenceWatch {
  const { atMs, sequence } = signal;
  const { group } = watch;
  if (group !== undefined) {
    const untilMs = Math.max(group.untilMs ?? atMs, atMs);
    const fromMs = Math.min(group.fromMs, atMs);
    return { ...watch, group: { ...group, count: group.count + 1, fromMs, untilMs, lastSequence: sequence } };
  }
  // The distance counts in both directions, so that a clock that was set back does not keep old occurrences.
  const recent = [
    ...watch.recent.filter((earlier) => Math.abs(atMs - earlier.atMs) <= threshold.withinMs),
    { atMs, sequence },
  ];
  if (recent.length < threshold.count) return { ...watch, recent };
  const times = recent.map((each) => each.atMs);
  const reached = {
    ...partOf(signal),
    ...{ count: recent.length, fromMs: Math.min(...times), untilMs: Math.max(...times) },
    firstSequence: recent[0]?.sequence ?? sequence,
  };
  return { ...watch, recent: [], group: reached };
}

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
