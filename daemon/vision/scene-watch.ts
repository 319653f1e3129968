import type { Frame } from '../kernel/faces/picture.js';
import type { DetectorRunKind } from '../kernel/tracks/detector-schedule.js';
import { isWorthLooking, type LookGate, looked, openGate, sawScene } from '../kernel/tracks/look-gate.js';
import { cellCount, SceneMotion } from '../kernel/tracks/scene-motion.kernel.js';
import { readLumaCells } from './luma-cells.kernel.js';

/** Frames are compared at most this often, milliseconds: as often as frames are analysed while nobody is in sight. */
const compareEveryMs = 150;

/** Watches the scene in front of one camera, so that the detector can rest while nothing moves. */
export class SceneWatch {
  readonly #motion = new SceneMotion();
  readonly #cells = new Float32Array(cellCount);
  #gate: LookGate = openGate;
  #comparedMs = Number.NEGATIVE_INFINITY;

  /** Pictures that are no camera's, such as photos, always count as moving. */
  see({ picture, capturedAtMs: atMs }: Frame): void {
    if (picture.format !== 'yuv420p') {
      this.#gate = sawScene(this.#gate, 'moving', atMs);
      return;
    }
    if (atMs - this.#comparedMs < compareEveryMs) return;
    this.#comparedMs = atMs;
    readLumaCells(picture, this.#cells);
    this.#gate = sawScene(this.#gate, this.#motion.observe(this.#cells, atMs), atMs);
  }

  /** Whether to make a detector run that is due while no face is followed. */
  isWorthLooking(kind: DetectorRunKind, atMs: number): boolean {
    return isWorthLooking(this.#gate, kind, atMs);
  }

  looked(kind: DetectorRunKind, atMs: number): void {
    this.#gate = looked(this.#gate, kind, atMs);
  }

  /** The stream was interrupted: the next frames may show another scene. */
  forget(): void {
    this.#motion.forget();
    this.#comparedMs = Number.NEGATIVE_INFINITY;
    this.#gate = openGate;
  }
}
