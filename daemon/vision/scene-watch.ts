import type { Box } from '../kernel/faces/geometry.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { DetectorRunKind } from '../kernel/tracks/detector-schedule.js';
import {
  isWorthLooking,
  isWorthLookingFully,
  type LookGate,
  looked,
  openGate,
  sawScene,
} from '../kernel/tracks/look-gate.js';
import { cellCount, SceneMotion } from '../kernel/tracks/scene-motion.kernel.js';
import { markPeople, readLumaCells } from './luma-cells.kernel.js';

/** Frames are compared at most this often, milliseconds: as often as frames are analysed while nobody is in sight. */
const compareEveryMs = 150;

/** Watches the scene in front of one camera, so that the detector can rest while nothing moves. */
export class SceneWatch {
  readonly #motion: SceneMotion;
  readonly #cells = new Float32Array(cellCount);
  readonly #isPerson = new Uint8Array(cellCount);
  #gate: LookGate = openGate;
  #comparedMs = Number.NEGATIVE_INFINITY;

  /** `ignoredCells`: see `SceneMotion`. */
  constructor(ignoredCells?: Uint8Array) {
    this.#motion = new SceneMotion(ignoredCells);
  }

  /** `faces`: where the followed faces are. Pictures that are no camera's, such as photos, always count as moving. */
  see({ picture, capturedAtMs: atMs }: Frame, faces: readonly Box[]): void {
    if (picture.format !== 'yuv420p') {
      this.#gate = sawScene(this.#gate, { change: 'moving', isExplained: false }, atMs);
      return;
    }
    if (atMs - this.#comparedMs < compareEveryMs) return;
    this.#comparedMs = atMs;
    readLumaCells(picture, this.#cells);
    const change = this.#motion.observe(this.#cells, atMs);
    markPeople(faces, picture, this.#isPerson);
    const isExplained = !this.#motion.goesBeyond(this.#isPerson);
    this.#gate = sawScene(this.#gate, { change, isExplained }, atMs);
  }

  /** Whether to make a detector run that is due while no face is followed. */
  isWorthLooking(kind: DetectorRunKind, atMs: number): boolean {
    return isWorthLooking(this.#gate, kind, atMs);
  }

  /** Whether a full run that is due while faces are followed is worth more than a quick one. */
  isWorthLookingFully(atMs: number): boolean {
    return isWorthLookingFully(this.#gate, atMs);
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
