import type { CameraId, StrangerId } from '../ids.js';
import { type AlertPart, type AlertRule, type Counting, mostStrangers } from './alert-rule.js';
import type { AlertSignal, OccurredSignal, SignalledStranger } from './alert-signal.js';

interface Recent {
  readonly atMs: number;
  readonly sequence: number;
  readonly strangerId?: StrangerId;
  /** Where different strangers are counted. */
  readonly cameraId?: CameraId | null;
}

/** Counts occurrences at a camera, about a stranger, or about all strangers of the rule. */
export interface OccurrenceWatch {
  readonly kind: 'occurrence';
  readonly cameraId: CameraId | null;
  readonly strangerId?: StrangerId;
  /** Time of the last alert; undefined: none yet. */
  readonly alertedAtMs?: number;
  /** The newest occurrences without an alert; fewer than the threshold. */
  readonly recent: readonly Recent[];
  /** Occurrences that reached the threshold, and later ones; absent if no alert is due. */
  readonly group?: AlertPart;
  /** The latest visit that was counted. */
  readonly visit?: number;
  /** Time of the last counted event about the stranger. */
  readonly seenAtMs?: number;
}

type Counted = OccurrenceWatch | undefined;

/** The watch after an occurrence. Undefined: there is nothing to remember. */
export function countOccurrence(rule: AlertRule, watch: Counted, signal: OccurredSignal): Counted {
  const { of = 'events' } = rule.threshold;
  const { stranger } = signal;
  if (of === 'events') return ofEvents(rule, watch, signal);
  if (stranger === undefined) return watch;
  if (of === 'strangers') return ofStrangers(rule, watch, signal, stranger);
  return of === 'cameras'
    ? ofCameras(rule, watch, signal, stranger)
    : ofVisits(rule, watch, signal, stranger);
}

export function partOf({ cameraId, atMs, code, about, sequence, ...signal }: AlertSignal): AlertPart {
  const stranger = signal.kind === 'occurred' ? signal.stranger : undefined;
  return {
    ...{ cameraId, count: 1, fromMs: atMs, untilMs: atMs, code },
    ...(stranger === undefined ? {} : { strangers: [stranger.id] }),
    ...(about === undefined ? {} : { about }),
    ...{ firstSequence: sequence, lastSequence: sequence },
  };
}

function ofEvents(rule: AlertRule, watch: Counted, signal: OccurredSignal): OccurrenceWatch {
  const before: OccurrenceWatch = watch ?? { kind: 'occurrence', cameraId: signal.cameraId, recent: [] };
  const { group } = before;
  if (group !== undefined) return { ...before, group: grown(group, signal, group.count + 1) };
  return reached(rule, before, signal, [...before.recent, recentOf(signal)]);
}

function ofStrangers(
  rule: AlertRule,
  watch: Counted,
  signal: OccurredSignal,
  { id }: SignalledStranger,
): OccurrenceWatch {
  const before: OccurrenceWatch = watch ?? { kind: 'occurrence', cameraId: null, recent: [] };
  const { group } = before;
  if (group !== undefined) {
    const part = grown(group, signal, group.count);
    return { ...before, group: { ...part, count: part.strangers?.length ?? group.count } };
  }
  const others = before.recent.filter(({ strangerId }) => strangerId !== id);
  const after = reached(rule, before, signal, [
    ...others,
    { ...recentOf(signal), cameraId: signal.cameraId },
  ]);
  return after.group === undefined ? after : { ...after, group: { ...after.group, of: 'strangers' } };
}

const recentOf = ({ atMs, sequence, stranger }: OccurredSignal): Recent => ({
  ...{ atMs, sequence },
  ...(stranger === undefined ? {} : { strangerId: stranger.id }),
});

/** The watch with a group if so many occurrences happened within the time. */
function reached(
  { threshold }: AlertRule,
  before: OccurrenceWatch,
  signal: OccurredSignal,
  occurrences: readonly Recent[],
): OccurrenceWatch {
  const { withinMs, count } = threshold;
  // The distance counts in both directions, so that a clock that was set back does not keep old occurrences.
  const recent = occurrences.filter(({ atMs }) => Math.abs(signal.atMs - atMs) <= withinMs);
  if (recent.length < count) return { ...before, recent };
  const times = recent.map(({ atMs }) => atMs);
  const cameras = recent.flatMap(({ cameraId }) => cameraId ?? []);
  const strangers = [...new Set(recent.flatMap(({ strangerId }) => strangerId ?? []))];
  const group: AlertPart = {
    ...partOf(signal),
    ...(cameras.length === 0 ? {} : placesOf(cameras)),
    ...{ count: recent.length, fromMs: Math.min(...times), untilMs: Math.max(...times) },
    ...(strangers.length === 0 ? {} : { strangers }),
    firstSequence: recent[0]?.sequence ?? signal.sequence,
  };
  return { ...before, recent: [], group };
}

/** The event tells when each camera saw the stranger, so that passages within a cooldown count, too. */
function ofCameras(
  rule: AlertRule,
  watch: Counted,
  signal: OccurredSignal,
  stranger: SignalledStranger,
): Counted {
  const { threshold, cameras: wanted } = rule;
  const { atMs } = signal;
  const seen = stranger.cameras.filter(
    ({ cameraId, lastSeenMs }) =>
      Math.abs(atMs - lastSeenMs) <= threshold.withinMs &&
      (wanted === undefined || wanted.includes(cameraId)),
  );
  if (seen.length < threshold.count) return watch;
  const fromMs = Math.min(atMs, ...seen.map(({ lastSeenMs }) => lastSeenMs));
  const cameras = seen.map(({ cameraId }) => cameraId);
  return withGroup(watch, signal, stranger, 'cameras', {
    ...{ ...partOf(signal), fromMs, count: cameras.length },
    ...placesOf(cameras),
  });
}

function ofVisits(
  { threshold }: AlertRule,
  watch: Counted,
  signal: OccurredSignal,
  stranger: SignalledStranger,
): Counted {
  const { visit } = stranger;
  if (visit < threshold.count) return watch;
  if (watch?.visit === visit) return { ...watch, seenAtMs: signal.atMs };
  return { ...withGroup(watch, signal, stranger, 'visits', { ...partOf(signal), count: visit }), visit };
}

/** Adds what an event says of a stranger to what waits for an alert. */
function withGroup(
  watch: Counted,
  { atMs }: OccurredSignal,
  { id: strangerId }: SignalledStranger,
  of: Exclude<Counting, 'events'>,
  part: AlertPart,
): OccurrenceWatch {
  const before = watch ?? { kind: 'occurrence', cameraId: null, strangerId, recent: [] };
  const { group } = before;
  const merged =
    group === undefined
      ? part
      : {
          ...{ ...part, ...placesOf([...camerasOf(group), ...camerasOf(part)]) },
          fromMs: Math.min(group.fromMs, part.fromMs),
          untilMs: Math.max(group.untilMs ?? atMs, atMs),
          firstSequence: group.firstSequence,
        };
  const count = of === 'cameras' ? camerasOf(merged).length : part.count;
  return { ...before, seenAtMs: atMs, group: { ...merged, of, count } };
}

/** The group after one more event. */
function grown(group: AlertPart, signal: OccurredSignal, count: number): AlertPart {
  const { atMs, sequence: lastSequence, stranger } = signal;
  const { strangers = [] } = group;
  const isNew =
    stranger !== undefined && !strangers.includes(stranger.id) && strangers.length < mostStrangers;
  return {
    ...{ ...group, count, lastSequence },
    ...(group.of === undefined ? {} : placesOf([...camerasOf(group), ...camerasOf(partOf(signal))])),
    ...(isNew ? { strangers: [...strangers, stranger.id] } : {}),
    ...{ fromMs: Math.min(group.fromMs, atMs), untilMs: Math.max(group.untilMs ?? atMs, atMs) },
  };
}

/** The cameras of a part, each once. */
export const camerasOf = ({ cameraId, cameras }: AlertPart): readonly CameraId[] =>
  cameras ?? (cameraId === null ? [] : [cameraId]);

function placesOf(cameraIds: readonly CameraId[]): Pick<AlertPart, 'cameraId' | 'cameras'> {
  const cameras = [...new Set(cameraIds)];
  const [only = null] = cameras;
  return cameras.length > 1 ? { cameraId: null, cameras } : { cameraId: only };
}
