import type { CameraId } from '../ids.js';
import type { AlertPart, AlertRule } from './alert-rule.js';
import type { AlertSignal } from './alert-signal.js';

interface WatchOfAny {
  readonly cameraId: CameraId | null;
  /** When the last alert was raised; undefined: never. */
  readonly toldAtMs?: number;
}

/** Counts what happens again and again. */
export interface OccurrenceWatch extends WatchOfAny {
  readonly kind: 'occurrence';
  /** The newest that no alert has told of and that are not enough for one; fewer than the threshold. */
  readonly recent: readonly { readonly atMs: number; readonly sequence: number }[];
  /** Enough for an alert, and more since; absent where there is nothing to tell. */
  readonly group?: AlertPart;
}

/** Follows what begins and ends. */
export interface ConditionWatch extends WatchOfAny {
  readonly kind: 'condition';
  /** Since it began, while it lasts. `isWorse`: what has come to it since an alert told of it is to be told, too. */
  readonly current?: AlertPart & { readonly isTold: boolean };
  /** What ended and has not been told; those of which the beginning was told are all-clears. */
  readonly past?: AlertPart & { readonly isTold: boolean };
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
  // The distance counts in both directions: a clock that was set back must not keep what is long gone.
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
  const { isTold } = latest;
  const hasLasted = Math.abs(signal.atMs - current.fromMs) >= minimumMs;
  const kept = past === undefined ? {} : { past };
  if (!isTold && !hasLasted) return { ...rest, ...kept };
  const ended = { ...latest, untilMs: signal.atMs, lastSequence: signal.sequence };
  if (past === undefined) return { ...rest, past: ended };
  const { count, fromMs, firstSequence } = past;
  return {
    ...rest,
    past: { ...ended, count: count + 1, fromMs, firstSequence, isTold: isTold || past.isTold },
  };
}

/** What has begun, or goes on otherwise. Of what began before there was a rule, only that it became worse is followed. */
function ongoing(current: ConditionWatch['current'], signal: AlertSignal): ConditionWatch['current'] {
  const { kind, about, sequence } = signal;
  if (current === undefined) {
    return kind === 'eased' ? undefined : { ...partOf(signal), untilMs: null, isTold: false };
  }
  if (kind === 'began' || about === undefined) return current;
  const worse = kind === 'worsened' && current.isTold ? ({ isWorse: true } as const) : {};
  return { ...current, ...worse, about, lastSequence: sequence };
}

/** What a watch may tell now, and the watch afterwards; the same watch where that is nothing. */
export function release(
  rule: AlertRule,
  watch: Watch,
  nowMs: number,
): { readonly watch: Watch; readonly parts: readonly AlertPart[] } {
  const isCooling = watch.toldAtMs !== undefined && Math.abs(nowMs - watch.toldAtMs) < rule.cooldownMs;
  if (watch.kind === 'occurrence') {
    const { group, ...rest } = watch;
    if (group === undefined || isCooling) return { watch, parts: [] };
    return { watch: { ...rest, toldAtMs: nowMs }, parts: [group] };
  }
  return releaseCondition(rule, watch, nowMs, isCooling);
}

function releaseCondition(rule: AlertRule, watch: ConditionWatch, nowMs: number, isCooling: boolean) {
  let after = watch;
  const parts: AlertPart[] = [];
  if (watch.past !== undefined && (watch.past.isTold || !isCooling)) {
    const { past, ...rest } = after;
    parts.push(untold(watch.past));
    after = watch.past.isTold ? rest : { ...rest, toldAtMs: nowMs };
  }
  const { current } = watch;
  if (current !== undefined && isToTell(current, rule, nowMs) && !isCooling) {
    const { isWorse: _, ...told } = current;
    parts.push(untold(current));
    after = { ...after, current: { ...told, isTold: true }, toldAtMs: nowMs };
  }
  return { watch: after, parts };
}

const isToTell = (
  { fromMs, isTold, isWorse }: NonNullable<ConditionWatch['current']>,
  { minimumMs }: AlertRule,
  nowMs: number,
): boolean => (isTold ? isWorse === true : Math.abs(nowMs - fromMs) >= minimumMs);

function untold({ isTold: _isTold, ...part }: AlertPart & { readonly isTold: boolean }): AlertPart {
  return part;
}

/** Whether there is something that it would tell, were it not for cooldown and quiet hours. */
export function hasToTell(rule: AlertRule, watch: Watch, nowMs: number): boolean {
  if (watch.kind === 'occurrence') return watch.group !== undefined;
  const { past, current } = watch;
  return past !== undefined || (current !== undefined && isToTell(current, rule, nowMs));
}
