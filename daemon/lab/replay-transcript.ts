import type { Decider } from '../core/sightings/decider.js';
import type { Fact } from '../kernel/events/event.js';
import type { Candidate, Identification } from '../kernel/identification/match.js';
import { explainPassage } from '../kernel/passages/explain-passage.js';
import type { Passage } from '../kernel/passages/passage.js';
import type { Sighting } from '../kernel/tracks/sighting.js';
import type { ReplayStep } from '../vision/replay-clip.js';
import type { StageEvent } from '../vision/stage-event.js';
import { english } from '../words/language.js';

/**
 * One line of a transcript. `t` is the time of the decision, in seconds from the first frame. Exceptions: the `t` of a
 * blink is the middle of the closure, and the `t` of a gesture is when the head began to move; `decided` is then the time
 * of the decision.
 */
export interface TranscriptLine {
  readonly t: number;
  readonly type:
    | 'track.started'
    | 'track.ended'
    | 'track.summary'
    | 'passage'
    | 'blink'
    | 'gesture'
    | 'liveness'
    | 'identity'
    | 'attendance'
    | 'recognised-unproven'
    | 'recognised-refused'
    | 'recognised-ambiguous'
    | 'watchlist'
    | 'unknown'
    | 'attack';
  readonly track: string;
  readonly [detail: string]: unknown;
}

/** The wall clock of a replay counts from the first frame. */
const wallMsOf = (capturedAtMs: number): number => capturedAtMs;

/** The lines of one step of a replay, in order of decision. Feeds sightings to `decider`. */
export async function transcribe(step: ReplayStep, decider: Decider): Promise<readonly TranscriptLine[]> {
  const lines: TranscriptLine[] = [];
  for (const event of step.events) {
    if (event.type === 'sighting') lines.push(...(await decide(event.sighting, decider)));
    else lines.push(lineOf(event));
  }
  return lines;
}

async function decide(sighting: Sighting, decider: Decider): Promise<readonly TranscriptLine[]> {
  const { identification, recorded, ended } = await decider.onSighting(sighting, wallMsOf);
  const t = seconds(sighting.lastSeenMs);
  const track = sighting.trackId;
  return [
    ...(identification === undefined
      ? []
      : [{ t, type: 'identity', track, ...identityDetails(identification) } as const]),
    ...recorded.map(({ fact }) => ({ t, type: fact.kind, track, ...factDetails(fact) }) as const),
    ...(ended === undefined ? [] : [{ t, type: 'passage', track, ...passageDetails(ended) } as const]),
  ];
}

function lineOf(event: Exclude<StageEvent, { type: 'sighting' }>): TranscriptLine {
  const track = event.trackId;
  const t = seconds(event.atMs);
  switch (event.type) {
    case 'track.started': {
      const { x, y, width, height } = event.box;
      const box = [x, y, width, height].map(Math.round);
      return { t, type: event.type, track, firstSeen: seconds(event.firstSeenMs), box };
    }
    case 'track.ended': {
      const { firstSeenMs, lastSeenMs, reason } = event;
      return {
        t,
        type: event.type,
        track,
        reason,
        firstSeen: seconds(firstSeenMs),
        lastSeen: seconds(lastSeenMs),
      };
    }
    case 'blink': {
      const { atMs, durationMs } = event.blink;
      return { t: seconds(atMs), type: event.type, track, durationS: seconds(durationMs), decided: t };
    }
    case 'gesture': {
      const { kind, startMs } = event.gesture;
      return { t: seconds(startMs), type: event.type, track, kind, decided: t };
    }
    case 'liveness': {
      const { verdict, reason, evidence } = event.assessment;
      const { blinks, observedS, frameCount, passiveScore } = evidence;
      return {
        t,
        type: event.type,
        track,
        verdict,
        reason,
        blinks: blinks.length,
        observedS: rounded(observedS, 3),
        frameCount,
        ...(passiveScore === undefined ? {} : { passiveScore: rounded(passiveScore, 4) }),
      };
    }
  }
}

function identityDetails(identification: Identification): Readonly<Record<string, unknown>> {
  const { outcome, probeCount } = identification;
  if (outcome === 'match') {
    const { personId, similarity, margin } = identification;
    return {
      outcome,
      person: personId,
      similarity: rounded(similarity, 4),
      margin: rounded(margin, 4),
      probeCount,
    };
  }
  if (outcome === 'ambiguous') {
    const { candidates, reason } = identification;
    return { outcome, candidates: candidates.map(candidateDetails), reason, probeCount };
  }
  const { bestSimilarity } = identification;
  return {
    outcome,
    similarity: bestSimilarity === undefined ? null : rounded(bestSimilarity, 4),
    probeCount,
  };
}

function passageDetails(passage: Passage): Readonly<Record<string, unknown>> {
  const { outcome, reason } = passage;
  return { outcome, reason, why: english.textOf(explainPassage(passage, String).sentence) };
}

const candidateDetails = ({ personId, similarity }: Candidate) => ({
  person: personId,
  similarity: rounded(similarity, 4),
});

function factDetails(fact: Fact): Readonly<Record<string, unknown>> {
  const { verdict } = fact.liveness;
  switch (fact.kind) {
    case 'attendance':
    case 'recognised-unproven':
    case 'recognised-refused':
    case 'watchlist':
      return {
        person: fact.personId,
        similarity: rounded(fact.similarity, 4),
        direction: fact.direction,
        liveness: verdict,
      };
    case 'recognised-ambiguous':
      return { candidates: fact.candidates.map(candidateDetails), reason: fact.reason, liveness: verdict };
    case 'unknown':
      return { similarity: roundedOrNull(fact.bestSimilarity), liveness: verdict };
    case 'attack':
      return { person: fact.personId, similarity: roundedOrNull(fact.similarity), liveness: verdict };
  }
}

/** Milliseconds as seconds with three decimals. */
function seconds(milliseconds: number): number {
  return rounded(milliseconds / 1000, 3);
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value, 4);
}

function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
