/** The grid in which motion is looked for. At 1920 x 1080, a cell has 20 x 20 pixels: the smallest tracked face covers four. */
export const cellColumns = 96;
export const cellRows = 54;
export const cellCount = cellColumns * cellRows;

/** How the brightness of a cell is compared. All levels are of 255. */
const limits = {
  /** A cell has changed if it is off by this many levels, and by more than its noise. */
  leastChange: 2,
  /** By how many times the noise of a cell it must be off. */
  noiseFactor: 4,
  /** Larger changes count even in the noisiest cell: leaves and rain cannot hide a person. */
  mostNoise: 4,
  /** If a larger share of the cells has changed, the light has: nobody fills so much of a picture from one frame to the next. */
  relitShare: 0.35,
  /** The whole picture has new light if its brightness is off by this share, and by more than it usually flickers. */
  leastRelit: 0.1,
  flickerFactor: 2,
  /** A larger change is new light in any flicker. */
  mostFlicker: 0.2,
} as const;

/** How fast the memory of a cell follows, as the time after which about two thirds of a change are learnt, milliseconds. */
const following = {
  /** The usual brightness. Somebody who enters slowly must be ahead of it. */
  usualMs: 2000,
  /** The noise grows so fast, at first and later: a face that stays must not become noise at once. */
  firstNoiseMs: 500,
  noiseMs: 3000,
  /** In a scene that moves, it grows slowly: people who pass must not hide those who follow. */
  movingNoiseMs: 20_000,
  /** The noise shrinks slowly, because key frames disturb a picture only every few seconds. */
  quietMs: 60_000,
} as const;

/** A cell that shows something new for so long, unchanged, has a new background, milliseconds: people who stand are rarely so still. */
const backgroundAfterMs = 10_000;

/** Half the side of the square of cells whose light is compared together, without the middle cell. */
const lightReach = 4;

/** Steps in which it is counted how much brighter a cell is: one is half a percent. */
const octaveSteps = 128;

/** How long a scene is watched before its noise is known, milliseconds. */
export const settlingMs = 3000;

/** What changed in a scene: something moved, only the light changed, or nothing did. */
export type SceneChange = 'moving' | 'relit' | 'still';

/**
 * Finds motion in the mean brightness of cells. Each cell is compared with what it usually shows in the light of the cells around it:
 * a shadow of a cloud, flicker and a lamp brighten neighbours alike, and a person does not. What is usual follows within seconds, so it
 * also holds whoever stood there a moment ago: a cell that shows its background again has not changed. Nothing is allocated for a frame.
 */
export class SceneMotion {
  readonly #isIgnored: Uint8Array;
  readonly #countedCells: number;
  readonly #usual = new Float32Array(cellCount);
  readonly #noise = new Float32Array(cellCount);
  /** What each cell showed when it last was unchanged for a while, and for how long it has been now, milliseconds. */
  readonly #background = new Float32Array(cellCount);
  readonly #unchangedMs = new Float32Array(cellCount);
  readonly #light = new Float32Array(cellCount);
  readonly #usualLight = new Float32Array(cellCount);
  readonly #backgroundLight = new Float32Array(cellCount);
  readonly #off = new Float32Array(cellCount);
  readonly #hasChanged = new Uint8Array(cellCount);
  readonly #isUnexplained = new Uint8Array(cellCount);
  readonly #rows = new Float32Array(cellCount);
  /** How many cells are brighter or darker than usual, by steps of an octave from half to twice as bright. */
  readonly #brightness = new Uint16Array(2 * octaveSteps + 1);
  /** By which share the brightness of the whole picture is usually off. */
  #flicker = 0;
  #firstMs: number | undefined;
  #lastMs = 0;
  #isSettling = true;

  /** `isIgnored`: cells in which motion counts for nothing are not 0. */
  constructor(isIgnored: Uint8Array = new Uint8Array(cellCount)) {
    this.#isIgnored = isIgnored;
    this.#countedCells = isIgnored.reduce((sum, ignored) => sum + (ignored === 0 ? 1 : 0), 0);
  }

  /** Compares the cells of a frame with those before. Until the noise of a scene is known, it counts as moving. */
  observe(cells: Float32Array, atMs: number): SceneChange {
    if (this.#firstMs === undefined) {
      this.#firstMs = atMs;
      this.#lastMs = atMs;
      this.#usual.set(cells);
      this.#background.set(cells);
      this.#unchangedMs.fill(backgroundAfterMs);
      this.#noise.fill(0);
      this.#flicker = 0;
      this.#hasChanged.fill(0);
      this.#isSettling = true;
      return 'moving';
    }
    const elapsedMs = Math.max(0, atMs - this.#lastMs);
    this.#lastMs = atMs;
    this.#isSettling = atMs - this.#firstMs < settlingMs;
    blur(cells, this.#rows, this.#light);
    blur(this.#usual, this.#rows, this.#usualLight);
    blur(this.#background, this.#rows, this.#backgroundLight);
    const changed = this.#compare(cells);
    const isAllChanged = changed > limits.relitShare * this.#countedCells;
    const lightOff = this.#lightOff(cells);
    const isRelit =
      isAllChanged || lightOff > Math.max(limits.leastRelit, limits.flickerFactor * this.#flicker);
    const isMoving = !isAllChanged && hasNeighbours(this.#hasChanged);
    this.#learnNoise(lightOff, elapsedMs, isMoving);
    if (isRelit) this.#usual.set(cells);
    else follow(this.#usual, cells, shareLearnt(elapsedMs, following.usualMs));
    this.#learnBackground(cells, isRelit, elapsedMs);
    if (this.#isSettling) return 'moving';
    if (isMoving) return 'moving';
    return isRelit ? 'relit' : 'still';
  }

  /** Whether the motion in the last frame goes beyond the cells that are not 0 in `isExplained`. */
  goesBeyond(isExplained: Uint8Array): boolean {
    if (this.#isSettling) return true;
    for (let at = 0; at < cellCount; at++) {
      this.#isUnexplained[at] = this.#hasChanged[at] === 1 && isExplained[at] === 0 ? 1 : 0;
    }
    return hasNeighbours(this.#isUnexplained);
  }

  /** Marks with 1 the cells in which the last frame showed motion, and those of them that `goesBeyond` last found unexplained. */
  addMoving(moving: Uint8Array, strange: Uint8Array): void {
    for (let at = 0; at < cellCount; at++) {
      if (this.#hasChanged[at] === 1 && hasNeighbour(this.#hasChanged, at)) moving[at] = 1;
      if (this.#isUnexplained[at] === 1 && hasNeighbour(this.#isUnexplained, at)) strange[at] = 1;
    }
  }

  /** Whether the noise of the scene is not known yet, so that it is not known either what moves. */
  get isSettling(): boolean {
    return this.#isSettling;
  }

  /** The stream was interrupted. */
  forget(): void {
    this.#firstMs = undefined;
  }

  /** Marks the cells that show something else than usual, and returns their number. */
  #compare(cells: Float32Array): number {
    let changed = 0;
    for (let at = 0; at < cellCount; at++) {
      const gain = (this.#light[at]! + 1) / (this.#usualLight[at]! + 1);
      const off = Math.abs(cells[at]! - gain * this.#usual[at]!);
      this.#off[at] = off;
      const least = Math.max(limits.leastChange, limits.noiseFactor * this.#noise[at]!);
      const hasChanged = off > least && this.#isIgnored[at] === 0 && !this.#isBackground(cells, at, least);
      this.#hasChanged[at] = hasChanged ? 1 : 0;
      if (hasChanged) changed += 1;
    }
    return changed;
  }

  #isBackground(cells: Float32Array, at: number, least: number): boolean {
    const gain = (this.#light[at]! + 1) / (this.#backgroundLight[at]! + 1);
    return Math.abs(cells[at]! - gain * this.#background[at]!) <= least;
  }

  /** Light that is brighter there than usual may be the middle of somebody large, so it is no background yet. */
  #learnBackground(cells: Float32Array, isRelit: boolean, elapsedMs: number): void {
    const flicker = limits.flickerFactor * this.#flicker;
    for (let at = 0; at < cellCount; at++) {
      const usual = this.#usual[at]!;
      const least = Math.max(limits.leastChange, limits.noiseFactor * this.#noise[at]!) + flicker * usual;
      const isUnchanged = this.#hasChanged[at] === 0 && Math.abs(cells[at]! - usual) <= least;
      const unchangedMs = isUnchanged ? this.#unchangedMs[at]! + elapsedMs : 0;
      this.#unchangedMs[at] = unchangedMs;
      if (isRelit || unchangedMs >= backgroundAfterMs) this.#background[at] = usual;
    }
  }

  /**
   * By which share the picture is brighter or darker than usual, or than its background: at least this much in `relitShare` of the cells. A
   * mean would take a face that comes near, or leaves the place where it stood, for a lamp.
   */
  #lightOff(cells: Float32Array): number {
    const counts = this.#brightness;
    counts.fill(0);
    for (let at = 0; at < cellCount; at++) {
      const value = cells[at]!;
      const usual = this.#usual[at]!;
      const background = this.#background[at]!;
      const known = Math.abs(value - background) < Math.abs(value - usual) ? background : usual;
      const step = Math.round(octaveSteps * Math.log2((value + 1) / (known + 1)));
      counts[octaveSteps + Math.max(-octaveSteps, Math.min(octaveSteps, step))]! += 1;
    }
    const least = limits.relitShare * cellCount;
    const brighter = octaveSteps - stepsUntil(least, counts, counts.length - 1, -1);
    const darker = octaveSteps - stepsUntil(least, counts, 0, 1);
    return 2 ** (Math.max(0, brighter, darker) / octaveSteps) - 1;
  }

  #learnNoise(lightOff: number, elapsedMs: number, isMoving: boolean): void {
    const upMs = isMoving ? following.movingNoiseMs : following.noiseMs;
    const up = shareLearnt(elapsedMs, this.#isSettling ? following.firstNoiseMs : upMs);
    const down = shareLearnt(elapsedMs, following.quietMs);
    const more = Math.min(limits.mostFlicker, lightOff) - this.#flicker;
    this.#flicker += more * (more > 0 ? up : down);
    for (let at = 0; at < cellCount; at++) {
      const noise = this.#noise[at]!;
      const step = Math.min(limits.mostNoise, this.#off[at]!) - noise;
      this.#noise[at] = noise + step * (step > 0 ? up : down);
    }
  }
}

/** Whether two neighbours changed: one cell by itself is noise. */
function hasNeighbours(changed: Uint8Array): boolean {
  for (let at = 0; at < cellCount; at++) if (changed[at] === 1 && hasNeighbour(changed, at)) return true;
  return false;
}

function hasNeighbour(changed: Uint8Array, at: number): boolean {
  const column = at % cellColumns;
  const row = (at - column) / cellColumns;
  const lastRow = Math.min(cellRows - 1, row + 1);
  const lastColumn = Math.min(cellColumns - 1, column + 1);
  for (let nearRow = Math.max(0, row - 1); nearRow <= lastRow; nearRow++) {
    for (let nearColumn = Math.max(0, column - 1); nearColumn <= lastColumn; nearColumn++) {
      const near = nearRow * cellColumns + nearColumn;
      if (near !== at && changed[near] === 1) return true;
    }
  }
  return false;
}

/** How many steps from `start` it takes until so many cells have been counted. */
function stepsUntil(least: number, counts: Uint16Array, start: number, step: number): number {
  let steps = 0;
  let sum = counts[start]!;
  for (let at = start; sum < least; steps++) {
    at += step;
    sum += counts[at]!;
  }
  return steps;
}

function shareLearnt(elapsedMs: number, withinMs: number): number {
  return 1 - Math.exp(-elapsedMs / withinMs);
}

function follow(usual: Float32Array, cells: Float32Array, share: number): void {
  for (let at = 0; at < cellCount; at++) usual[at]! += share * (cells[at]! - usual[at]!);
}

/** Sums of the squares of cells around each cell; squares at the border reach inwards only. */
function blur(cells: Float32Array, rows: Float32Array, into: Float32Array): void {
  for (let row = 0; row < cellRows; row++) sumAlong(cells, rows, row * cellColumns, 1, cellColumns);
  for (let column = 0; column < cellColumns; column++) sumAlong(rows, into, column, cellColumns, cellRows);
}

/** Sums of the cells within `lightReach` along one line of the grid. */
function sumAlong(from: Float32Array, into: Float32Array, start: number, step: number, count: number): void {
  let sum = 0;
  for (let index = 0; index < lightReach; index++) sum += from[start + index * step]!;
  for (let index = 0; index < count; index++) {
    if (index + lightReach < count) sum += from[start + (index + lightReach) * step]!;
    if (index > lightReach) sum -= from[start + (index - lightReach - 1) * step]!;
    into[start + index * step] = sum;
  }
}
