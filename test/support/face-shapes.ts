import type { Point } from '../../daemon/kernel/faces/geometry.js';

/** Where and how a face is shown, as far as its shape goes. */
export interface ShownShape {
  /** Between the eyes, pixels. */
  readonly x?: number;
  readonly y?: number;
  /** Distance of the eyes, pixels. */
  readonly eyesPx?: number;
  /** How far a picture is turned in its plane, degrees, and stretched along its height, 1 for not at all. */
  readonly turnedDeg?: number;
  readonly stretched?: number;
  /** How far the mouth is open, in distances of the eyes. */
  readonly open?: number;
}

/** How far a mouth is open that opens by `by` for the second half of each period, within a fifth of a second. */
export function opening(s: number, everyS = 2, by = 0.06): number {
  const [half, sinceS] = [everyS / 2, s % everyS];
  const share = sinceS < half ? 1 - sinceS / 0.2 : (sinceS - half) / 0.2;
  return by * Math.min(1, Math.max(0, share));
}

/** `FaceLandmarks.shape` of a drawn face: corners of the eyes, brows, nose and a mouth whose lower half opens. */
export function faceShape(shown: ShownShape = {}): readonly Point[] {
  const { x = 300, y = 200, eyesPx = 60, turnedDeg = 0, stretched = 1, open = 0 } = shown;
  const drawn: readonly Point[] = [
    ...[-0.75, -0.25, 0.25, 0.75].map((across) => ({ x: across, y: 0 })),
    ...[-0.8, -0.5, -0.2, 0.2, 0.5, 0.8].map((across) => ({ x: across, y: -0.35 })),
    ...[0.1, 0.5, 0.8].map((down) => ({ x: 0, y: down })),
    ...[-0.4, -0.2, 0, 0.2, 0.4].map((across) => ({ x: across, y: 1.1 })),
    ...[-0.4, -0.2, 0, 0.2, 0.4].map((across) => ({ x: across, y: 1.2 + open })),
    { x: 0, y: 1.7 + open },
  ];
  const angle = (turnedDeg * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) * eyesPx, Math.sin(angle) * eyesPx];
  return drawn.map((point) => ({
    x: x + cos * point.x - sin * stretched * point.y,
    y: y + sin * point.x + cos * stretched * point.y,
  }));
}
