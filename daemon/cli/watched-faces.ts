import type { FacesInSight, FollowedFace } from '../contract/live.js';
import { counted } from '../kernel/counted.js';
import type { ScreenLine } from './terminal-screen.js';

/** Values of the eyes that are shown of a face: a few seconds. */
const traceLength = 40;
/** Eyes that are further open than this, in heights by width, get the highest bar. */
const widest = 0.4;

/** How far the eyes of each face in sight were open lately. */
export class OpennessTraces {
  #traces: ReadonlyMap<string, readonly (number | null)[]> = new Map();

  /** Forgets faces that are out of sight. */
  add({ faces }: FacesInSight): void {
    this.#traces = new Map(
      faces.map(({ track, openness }) => [track, [...this.of(track), ...openness].slice(-traceLength)]),
    );
  }

  of(track: string): readonly (number | null)[] {
    return this.#traces.get(track) ?? [];
  }
}

/** A bar for each value; a dot where the eyes could not be judged. */
export function sparkline(values: readonly (number | null)[], bars: string): string {
  const highest = bars.length - 1;
  return values
    .map((value) =>
      value === null ? '·' : bars[Math.min(highest, Math.max(0, Math.round((value / widest) * highest)))],
    )
    .join('');
}

/** Everything that is known about the faces in sight, for a screen. */
export function sightLines(
  title: string,
  sight: FacesInSight,
  traces: OpennessTraces,
  bars: string,
): readonly ScreenLine[] {
  return [
    { text: `${title}  ${counted(sight.faces.length, 'face')}; end with Ctrl-C` },
    ...sight.faces.flatMap((face) => [
      { text: '' },
      { text: `#${face.number}  ${measuresText(face)}`, outcome: isUsable(face) ? 'ok' : 'warning' } as const,
      { text: `    eyes ${sparkline(traces.of(face.track), bars)} ${eyesText(face)}; ${livenessText(face)}` },
      ...decisionLines(face),
    ]),
  ];
}

/** One face in one line, for files and pipes. */
export function faceLine(title: string, face: FollowedFace): string {
  const { decision } = face;
  return [
    `${title} #${face.number}: ${measuresText(face)}`,
    `eyes ${eyesText(face)}`,
    livenessText(face),
    ...(decision?.nearest === undefined ? [] : [nearestText(decision.nearest)]),
    ...(decision === undefined ? [] : [decisionText(decision)]),
  ].join('; ');
}

const outcomes = { attended: 'ok', attack: 'failed' } as const;

function decisionLines({ decision }: FollowedFace): readonly ScreenLine[] {
  if (decision === undefined) return [];
  const { outcome, remedy, nearest } = decision;
  const painted = outcome === 'attended' || outcome === 'attack' ? outcomes[outcome] : 'warning';
  return [
    ...(nearest === undefined ? [] : [{ text: `    ${nearestText(nearest)}` }]),
    { text: `    ${decisionText(decision)}`, outcome: painted },
    ...(remedy === undefined ? [] : [{ text: `      what to do: ${remedy}` }]),
  ];
}

type Decision = NonNullable<FollowedFace['decision']>;

function decisionText({ outcome, reason, sentence }: Decision): string {
  return `${outcome} (${reason}): ${sentence}`;
}

function nearestText({
  person,
  name = person,
  similarity,
  threshold,
}: NonNullable<Decision['nearest']>): string {
  return `nearest ${name}, ${similarity.toFixed(3)} of ${threshold.toFixed(2)}`;
}

const isUsable = ({ quality }: FollowedFace): boolean => quality !== null && quality.reasons.length === 0;

function measuresText({ quality, measures }: FollowedFace): string {
  if (quality === null || measures === null) return 'landmarks not found';
  const { widthPx, sharpness, yawDeg, meanLuma } = measures;
  const faults = quality.reasons.length === 0 ? '' : ` (${quality.reasons.join(', ')})`;
  return `width ${widthPx} px, sharpness ${sharpness.toFixed(2)}, yaw ${yawDeg}°, light ${meanLuma}, quality ${quality.score.toFixed(2)}${faults}`;
}

function eyesText({ openness }: FollowedFace): string {
  const last = openness.at(-1) ?? null;
  return last === null ? 'not judged' : last.toFixed(2);
}

function livenessText({ liveness: { verdict, reason, blinkCount, observedS } }: FollowedFace): string {
  return `${verdict} (${reason}), ${counted(blinkCount, 'blink')} in ${observedS.toFixed(1)} s`;
}
