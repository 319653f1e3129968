import type { Box } from '../kernel/faces/geometry.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { DetectorRunKind } from '../kernel/tracks/detector-schedule.js';
import {
  affordable,
  fullLookDueMs,
  type GatePolicy,
  isAnyoneStrange,
  isResting,
  isSweepDue,
  isWholeDue,
  isWorthLooking,
  type LookGate,
  looked,
  openGate,
  sawScene,
  usualGate,
} from '../kernel/tracks/look-gate.js';
import { lookParts, surroundingsOf, sweepParts } from '../kernel/tracks/look-parts.js';
import { placesOf } from '../kernel/tracks/moving-places.kernel.js';
import { cellCount, SceneMotion } from '../kernel/tracks/scene-motion.kernel.js';
import { markPeople, readLumaCells } from './luma-cells.kernel.js';

/** Frames are compared at most this often, milliseconds: as often as frames are analysed while nobody is in sight. */
const compareEveryMs = 150;

/** A run of the detector that is made. */
export interface Look {
  readonly kind: DetectorRunKind;
  /** Where; absent: in the whole picture. */
  readonly parts?: readonly Box[];
}

/** A face that is followed while a run is due. */
interface FollowedFace {
  readonly box: Box;
  /** It is in sight, and quick runs find it as reliably as full ones. */
  readonly isNear: boolean;
}

/** Whom a camera follows while a run is due, and whether there is time for it. */
export interface LookState {
  readonly followed: readonly FollowedFace[];
  readonly isShort: boolean;
}

/** What is asked about the scene in front of a camera. */
export interface Scene {
  /** Takes a frame in which faces are to be found. `faces`: where the followed faces are. */
  see(frame: Frame, faces: readonly Box[]): void;
  /** Whether nothing has moved in front of the camera for a while. */
  isResting(atMs: number): boolean;
  /**
   * What is made of a run that is due: a look at the parts where somebody may be, at the whole picture, or none. `isShort`: frames are
   * lost, and nobody is missing.
   */
  look(due: DetectorRunKind, frame: Frame, state: LookState): Look | undefined;
  /** The stream was interrupted: the next frames may show another scene. */
  forget(): void;
}

/** Watches the scene in front of one camera, so that the detector only looks where somebody may be. */
export class SceneWatch implements Scene {
  readonly #smallestFacePx: number;
  readonly #motion: SceneMotion;
  readonly #policy: GatePolicy;
  readonly #cells = new Float32Array(cellCount);
  readonly #isPerson = new Uint8Array(cellCount);
  /** Where something moved since the last full look, or before it if nothing has moved since. */
  readonly #moved = new Uint8Array(cellCount);
  /** The same without followed faces and the bodies below them. */
  readonly #strange = new Uint8Array(cellCount);
  #isLookedAt = false;
  #gate: LookGate = openGate;
  #comparedMs = Number.NEGATIVE_INFINITY;
  /** When something last moved beyond the noise of the scene, which is not known at first. */
  #seenMovingMs = Number.NEGATIVE_INFINITY;

  /** `ignoredCells`: see `SceneMotion`. */
  constructor(smallestFacePx: number, ignoredCells?: Uint8Array, policy = usualGate) {
    this.#smallestFacePx = smallestFacePx;
    this.#policy = policy;
    this.#motion = new SceneMotion(ignoredCells);
  }

  /** Pictures that are no camera's, such as photos, always count as moving. */
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
    if (change !== 'moving' || this.#motion.isSettling) return;
    this.#seenMovingMs = atMs;
    this.#remember();
  }

  isResting(atMs: number): boolean {
    return isResting(this.#gate, atMs, this.#policy);
  }

  /** Whether something moves beyond the noise of the scene, or moved so shortly before that it is searched in the same way. */
  isMoving(atMs: number): boolean {
    return atMs - this.#seenMovingMs < this.#policy.heldForMs;
  }

  /** Whether it is not known yet what moves. */
  get isSettling(): boolean {
    return this.#motion.isSettling;
  }

  /** For how long a full look has been due although nothing moves, milliseconds; negative: it is not due yet. */
  overdueMs(atMs: number): number {
    return atMs - fullLookDueMs(this.#gate, this.#policy);
  }

  look(due: DetectorRunKind, frame: Frame, { followed, isShort }: LookState): Look | undefined {
    const atMs = frame.capturedAtMs;
    const kind = isShort ? affordable(this.#gate, due, atMs) : due;
    if (kind === undefined) return undefined;
    const swept = followed.length === 0 ? undefined : this.#sweep(followed, frame, isShort);
    const beside = (): Look | undefined =>
      followed.length === 0 ? this.#lookForNewcomers(kind, frame) : this.#lookBeside(followed, kind, frame);
    const look = swept ?? beside();
    if (look === undefined) return undefined;
    const at = look.parts === undefined ? 'whole' : swept === undefined ? 'moving' : 'swept';
    this.#gate = looked(this.#gate, look.kind, at, atMs);
    this.#isLookedAt ||= look.kind === 'full';
    return look;
  }

  forget(): void {
    this.#motion.forget();
    this.#comparedMs = Number.NEGATIVE_INFINITY;
    this.#seenMovingMs = Number.NEGATIVE_INFINITY;
    this.#gate = openGate;
    this.#isLookedAt = true;
  }

  /** The tracks have ended, and the scene is watched on: whoever was followed must be found again, also if they do not move. */
  lookAgain(): void {
    this.#gate = { ...this.#gate, wholeMs: Number.NEGATIVE_INFINITY };
  }

  #remember(): void {
    if (this.#isLookedAt) {
      this.#moved.fill(0);
      this.#strange.fill(0);
    }
    this.#isLookedAt = false;
    this.#motion.addMoving(this.#moved, this.#strange);
  }

  /** What moves is unknown: every look must see the whole picture. */
  #isAnywhere({ picture }: Frame): boolean {
    return picture.format !== 'yuv420p' || this.#motion.isSettling || this.#gate.relitMs !== undefined;
  }

  #lookForNewcomers(kind: DetectorRunKind, frame: Frame): Look | undefined {
    const atMs = frame.capturedAtMs;
    if (!isWorthLooking(this.#gate, kind, atMs, this.#policy)) return undefined;
    if (this.#isAnywhere(frame) || (kind === 'full' && isWholeDue(this.#gate, atMs, this.#policy)))
      return { kind };
    return lookAt(kind, this.#partsAt(this.#moved, [], frame));
  }

  /** While faces are followed, a sweep takes the place of looks at the whole picture. Returns its next look if that is due. */
  #sweep(followed: readonly FollowedFace[], frame: Frame, isShort: boolean): Look | undefined {
    const atMs = frame.capturedAtMs;
    const sweep = sweepParts(frame.picture, this.#smallestFacePx);
    const next = sweep[this.#gate.swept % sweep.length];
    if (next === undefined || sweep.length === 1 || this.#isAnywhere(frame)) return undefined;
    if (!isSweepDue(this.#gate, sweep.length, atMs)) return undefined;
    if (isShort && affordable(this.#gate, 'full', atMs) !== 'full') return undefined;
    const parts = this.#fullParts(followed, frame);
    return parts && { kind: 'full', parts: [...parts, next] };
  }

  /** A look at what moves, and at the surroundings of followed faces. */
  #lookBeside(followed: readonly FollowedFace[], kind: DetectorRunKind, frame: Frame): Look {
    const atMs = frame.capturedAtMs;
    if (this.#isAnywhere(frame)) return { kind };
    // A picture that is small, or moves nearly everywhere, is not swept.
    const isWhole = isSweepDue(this.#gate, 1, atMs);
    const parts = kind === 'full' && !isWhole ? this.#fullParts(followed, frame) : undefined;
    if (kind === 'full' && parts?.length !== 0) return lookAt('full', parts);
    const around = followed.map(({ box }) => surroundingsOf(box));
    return lookAt('quick', this.#partsAt(this.#moved, around, frame));
  }

  /** Where a full look may find somebody else. Quick looks find near faces, and whoever is near beside them. */
  #fullParts(followed: readonly FollowedFace[], frame: Frame): readonly Box[] | undefined {
    const far = followed.filter(({ isNear }) => !isNear);
    const around = far.map(({ box }) => surroundingsOf(box, 'withNeighbours'));
    const isStrange = isAnyoneStrange(this.#gate, frame.capturedAtMs);
    return this.#partsAt(isStrange ? this.#strange : undefined, around, frame);
  }

  #partsAt(
    cells: Uint8Array | undefined,
    around: readonly Box[],
    { picture }: Frame,
  ): readonly Box[] | undefined {
    const places = cells === undefined ? [] : placesOf(cells, picture.widthPx, picture.heightPx);
    return lookParts([...around, ...places], picture, this.#smallestFacePx);
  }
}

/** A look at the whole picture where there are no parts. */
function lookAt(kind: DetectorRunKind, parts: readonly Box[] | undefined): Look {
  return parts === undefined || parts.length === 0 ? { kind } : { kind, parts };
}
