import { isoTime } from '../iso-time.js';
import type { BoxEvent, Fact, PublishedLiveness, SeenStranger } from './event.js';
import type { MarkedDecision, Notice } from './notice.js';

/** Ids of the networks in use, by their task. */
export type ModelIds = Readonly<Record<string, string>>;

/** The `data` of an event: JSON, by kind. Persons appear only by their opaque ids. */
export function eventData(event: BoxEvent, models: ModelIds): Readonly<Record<string, unknown>> {
  switch (event.kind) {
    case 'attendance':
    case 'recognised-unproven':
    case 'recognised-refused':
    case 'watchlist':
    case 'recognised-ambiguous':
    case 'unknown':
    case 'attack':
      return factData(event, models);
    default:
      return noticeData(event);
  }
}

/** Similarities are rounded to 4 decimals and durations to milliseconds, the precision of the measurement. */
function factData(fact: Fact, models: ModelIds) {
  const { cameraId: camera, trackId: track, passageId: passage } = fact;
  const evidence = {
    quality: rounded(fact.quality, 3),
    liveness: roundedLiveness(fact.liveness),
    models: { ...models, recogniser: fact.recogniser },
  };
  switch (fact.kind) {
    case 'attendance':
    case 'recognised-unproven':
    case 'recognised-refused':
    case 'watchlist': {
      const { personId: person, direction, threshold } = fact;
      const reason = fact.kind === 'recognised-refused' ? { reason: fact.reason } : {};
      const similarity = rounded(fact.similarity, 4);
      const margin = rounded(fact.margin, 4);
      return {
        camera,
        track,
        passage,
        person,
        ...reason,
        direction,
        similarity,
        threshold,
        margin,
        ...evidence,
      };
    }
    case 'recognised-ambiguous': {
      const { reason, direction, threshold } = fact;
      const candidates = fact.candidates.map(({ personId: person, similarity }) => ({
        person,
        similarity: rounded(similarity, 4),
      }));
      return { camera, track, passage, candidates, reason, direction, threshold, ...evidence };
    }
    case 'unknown': {
      const { bestSimilarity, threshold, stranger } = fact;
      const similarity = roundedOrNull(bestSimilarity);
      return { camera, track, passage, ...publishedStranger(stranger), similarity, threshold, ...evidence };
    }
    case 'attack': {
      const { personId: person, similarity } = fact;
      return { camera, track, passage, person, similarity: roundedOrNull(similarity), ...evidence };
    }
  }
}

function publishedStranger(stranger: SeenStranger | undefined) {
  if (stranger === undefined) return {};
  const { id, visit, firstSeenMs, cameras } = stranger;
  const seen = cameras.map(({ cameraId, lastSeenMs }) => ({
    camera: cameraId,
    lastSeen: isoTime(lastSeenMs),
  }));
  return { stranger: { id, visit, firstSeen: isoTime(firstSeenMs), cameras: seen } };
}

function markedDecision({ passageId: passage, similarity, personId: person, ...decided }: MarkedDecision) {
  const { outcome, recogniser } = decided;
  const rest = given({ person, similarity: similarity === undefined ? undefined : rounded(similarity, 4) });
  return { passage, decided: { outcome, ...rest, recogniser } };
}

function noticeData(notice: Notice): Readonly<Record<string, unknown>> {
  switch (notice.kind) {
    case 'person':
      return { person: notice.personId };
    case 'stranger': {
      const { change, strangerId: stranger, otherId: other, personId: person } = notice;
      return { change, stranger, ...given({ other, person }) };
    }
    case 'loitering': {
      const { strangerId: stranger, cameraId: camera, passageId: passage, sinceMs, occurredAtMs } = notice;
      const stayedS = rounded((occurredAtMs - sinceMs) / 1000, 0);
      return { stranger, camera, passage, cameras: notice.cameraIds, since: isoTime(sinceMs), stayedS };
    }
    case 'mark': {
      const { cameraId: camera, seenAtMs, was, personId: person, decided } = notice;
      return {
        ...{ camera, seenAt: isoTime(seenAtMs), was, ...given({ person }) },
        ...(decided === undefined ? {} : markedDecision(decided)),
      };
    }
    case 'camera': {
      const { cameraId: camera, state, code, damage } = notice;
      return { camera, state, ...given({ code, damage }) };
    }
    case 'gallery':
      return { change: notice.change, ...given({ code: notice.code }) };
    case 'box': {
      const { condition, isActive, change, about, details = {} } = notice;
      return { condition, active: isActive, ...given({ change, about }), details };
    }
    case 'audit':
      return { entry: notice.entry, hash: notice.hash, keyId: notice.keyId };
    case 'summary': {
      const { date, part, parts, counts } = notice;
      const persons = notice.persons.map(({ personId, ...day }) => ({ person: personId, ...day }));
      return { date, part, parts, counts, persons };
    }
    case 'gap': {
      const { firstSequence, lastSequence, counts, reason } = notice;
      return { firstSequence, lastSequence, counts, reason };
    }
    case 'identity': {
      const { keyId, formerKeyId, formerUntilMs } = notice;
      return { keyId, formerKeyId, formerUntil: isoTime(formerUntilMs) };
    }
    case 'reply': {
      const { commandId, command, outcome, code, message, result } = notice;
      return { id: commandId, command, outcome, ...given({ code, message, result }) };
    }
  }
}

/** The fields without those whose value is undefined. */
function given(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function roundedLiveness(liveness: PublishedLiveness): PublishedLiveness {
  const { passiveScore } = liveness;
  return {
    ...liveness,
    blinks: liveness.blinks.map(({ time, durationS }) => ({ time, durationS: rounded(durationS, 3) })),
    observedS: rounded(liveness.observedS, 3),
    ...(passiveScore === undefined ? {} : { passiveScore: rounded(passiveScore, 4) }),
  };
}

function roundedOrNull(similarity: number | null): number | null {
  return similarity === null ? null : rounded(similarity, 4);
}

function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
