import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { createPrivateFile, outputError } from '../host/private-file.js';
import { badInput } from '../kernel/errors.js';
import type { Box, Point } from '../kernel/faces/geometry.js';
import { jpegOfPart, shownPart } from '../vision/jpeg-encoding.js';
import type { TrackedView } from '../vision/stage-event.js';
import { escapeMarkup } from './html-page.js';
import { CHART_WIDTH, chartHeight, faultsOf, opennessChart } from './openness-chart.js';
import type { TrackRecord } from './track-record.js';

/** Units of the drawing: pixels of the strip. */
const TILE = { width: 112, height: 140, text: 40, gap: 6 } as const;
const TILES_IN_ROW = 8;
const MOST_TILES = 32;
const MARGIN = 12;
const LINE = 18;
const JPEG_QUALITY = 88;

/** First interval between pictures, milliseconds. It doubles on a long track. */
const FIRST_STEP_MS = 100;
/** How long recent pictures are kept, milliseconds: a blink is reported only after the eyes have opened again. */
const RECENT_MS = 1500;
const MOST_BLINK_TILES = 8;
/** A track without a look for so long has ended, or turned out to be no face, milliseconds. */
const FORGOTTEN_AFTER_MS = 10_000;

/** One picture of the strip. */
interface Tile {
  readonly atMs: number;
  readonly jpeg: Uint8Array;
  /** In pixels of the tile. */
  readonly box: Box;
  readonly points: readonly Point[];
  readonly captions: readonly string[];
  readonly isBlink: boolean;
}

interface TrackTiles {
  stepMs: number;
  spaced: Tile[];
  blinks: Tile[];
  recent: Tile[];
}

/** Collects pictures of every track and writes one strip per track. */
export class TrackStrips {
  readonly #directory: string;
  readonly #draw: (svg: string) => Promise<Uint8Array>;
  readonly #tracks = new Map<string, TrackTiles>();
  /** Pending pictures, in order. */
  #work: Promise<void> = Promise.resolve();

  private constructor(directory: string, draw: (svg: string) => Promise<Uint8Array>) {
    this.#directory = directory;
    this.#draw = draw;
  }

  /** Creates the folder, or uses it if it is empty. Throws `output-exists` and `output-unwritable`. */
  static async open(directory: string, draw = jpegOfSvg): Promise<TrackStrips> {
    let present: readonly string[];
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      present = await readdir(directory);
      if (present.length === 0) await chmod(directory, 0o700);
    } catch (error) {
      throw outputError(directory, error);
    }
    if (present.length === 0) return new TrackStrips(directory, draw);
    throw badInput('output-exists', `the folder ${directory} is not empty, and files are never overwritten`, {
      remedy: 'Give an empty folder, or one that does not exist yet.',
    });
  }

  /** For the stages, as `onView`. Copies the pixels before it returns. */
  readonly onView = (look: TrackedView): void => {
    // A picture that cannot be encoded is left out of the strip.
    const taken = takeTile(look).catch(() => undefined);
    this.#work = this.#work.then(async () => {
      const tile = await taken;
      if (tile !== undefined) this.#add(look.trackId, tile);
    });
  };

  /** Marks the picture nearest to a blink. */
  markBlink(track: string, atMs: number): void {
    this.#work = this.#work.then(() => {
      const { recent, blinks } = this.#tilesOf(track);
      const nearest = [...recent].sort((a, b) => Math.abs(a.atMs - atMs) - Math.abs(b.atMs - atMs))[0];
      if (nearest !== undefined && blinks.length < MOST_BLINK_TILES)
        blinks.push({ ...nearest, isBlink: true });
    });
  }

  /** Writes the strip of an ended track, readable by its owner only. Returns the path. */
  async write(record: TrackRecord, summary: readonly string[]): Promise<string> {
    await this.#work;
    const { spaced, blinks } = this.#tilesOf(record.track);
    this.#tracks.delete(record.track);
    const isTaken = (tile: Tile): boolean => blinks.some(({ atMs }) => atMs === tile.atMs);
    const tiles = [...spaced.filter((tile) => !isTaken(tile)), ...blinks].sort((a, b) => a.atMs - b.atMs);
    const svg = stripSvg(record, tiles, summary);
    const path = join(this.#directory, `${record.track}.jpg`);
    await using file = await createPrivateFile(path);
    await file.keep(await this.#draw(svg));
    return path;
  }

  #tilesOf(track: string): TrackTiles {
    const known = this.#tracks.get(track);
    if (known !== undefined) return known;
    const fresh: TrackTiles = { stepMs: FIRST_STEP_MS, spaced: [], blinks: [], recent: [] };
    this.#tracks.set(track, fresh);
    return fresh;
  }

  #add(track: string, tile: Tile): void {
    for (const [other, { recent }] of this.#tracks) {
      if (tile.atMs - (recent.at(-1)?.atMs ?? tile.atMs) > FORGOTTEN_AFTER_MS) this.#tracks.delete(other);
    }
    const tiles = this.#tilesOf(track);
    tiles.recent = [...tiles.recent.filter(({ atMs }) => atMs >= tile.atMs - RECENT_MS), tile];
    const last = tiles.spaced.at(-1);
    if (last !== undefined && tile.atMs - last.atMs < tiles.stepMs) return;
    tiles.spaced.push(tile);
    if (tiles.spaced.length <= MOST_TILES) return;
    tiles.stepMs *= 2;
    tiles.spaced = tiles.spaced.filter((_, index) => index % 2 === 0);
  }
}

function jpegOfSvg(svg: string): Promise<Uint8Array> {
  return sharp(Buffer.from(svg)).flatten({ background: '#fff' }).jpeg({ quality: JPEG_QUALITY }).toBuffer();
}

async function takeTile({ atMs, landmarks, quality, eyes, picture }: TrackedView): Promise<Tile> {
  const part = shownPart(landmarks.box, picture);
  const scale = Math.min(TILE.width / part.width, TILE.height / part.height);
  const jpeg = jpegOfPart(picture, part, { scale, quality: JPEG_QUALITY });
  const at = ({ x, y }: Point): Point => ({ x: (x - part.x) * scale, y: (y - part.y) * scale });
  const { box, fivePoints, leftEye, rightEye } = landmarks;
  const open = ((leftEye.openness + rightEye.openness) / 2).toFixed(2);
  return {
    atMs,
    jpeg: await jpeg,
    box: { ...at(box), width: box.width * scale, height: box.height * scale },
    points: fivePoints.map(at),
    captions: [
      `${(atMs / 1000).toFixed(2)} s  open ${open}`,
      ...(eyes.fault === undefined ? [] : [`left out: ${eyes.fault}`]),
      ...(quality.reasons.length === 0 ? [] : [quality.reasons.join(', ')]),
    ],
    isBlink: false,
  };
}

/** The strip as SVG: the summary of the track, its pictures in rows, the curve of its eyes. */
function stripSvg(record: TrackRecord, tiles: readonly Tile[], summary: readonly string[]): string {
  const rows = Math.ceil(tiles.length / TILES_IN_ROW);
  const rowHeight = TILE.height + TILE.text + TILE.gap;
  const tilesTop = MARGIN + LINE * (summary.length + 1);
  const chartTop = tilesTop + rows * rowHeight;
  const width = Math.max(CHART_WIDTH, TILES_IN_ROW * (TILE.width + TILE.gap)) + 2 * MARGIN;
  const height = chartTop + chartHeight(faultsOf(record.looks).length) + MARGIN;
  const marks = { found: record.blinks, truth: undefined, ambiguous: [], decisions: record.decisions };
  const lines = [`track ${record.track}`, ...summary].map(
    (text, index) =>
      `<text x="${MARGIN}" y="${MARGIN + LINE * (index + 0.7)}"${index === 0 ? ' font-weight="bold"' : ''}>${escapeMarkup(text)}</text>`,
  );
  const drawn = tiles.map((tile, index) => {
    const x = MARGIN + (index % TILES_IN_ROW) * (TILE.width + TILE.gap);
    const y = tilesTop + Math.floor(index / TILES_IN_ROW) * rowHeight;
    return `<g transform="translate(${x} ${y})">${tileSvg(tile)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...lines,
    ...drawn,
    `<g transform="translate(${MARGIN} ${chartTop})">${opennessChart('eyes', record.looks, marks)}</g>`,
    '</svg>',
  ].join('\n');
}

function tileSvg({ jpeg, box, points, captions, isBlink }: Tile): string {
  const colour = isBlink ? '#d97706' : '#16a34a';
  const image = `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
  return [
    `<image width="${TILE.width}" height="${TILE.height}" preserveAspectRatio="xMinYMin meet" href="${image}"/>`,
    `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
    ...points.map(
      ({ x, y }) =>
        `<circle cx="${x}" cy="${y}" r="1.6" fill="#facc15" stroke="#171717" stroke-width="0.4"/>`,
    ),
    ...[...(isBlink ? ['blink'] : []), ...captions].map(
      (text, index) =>
        `<text y="${TILE.height + 11 * (index + 1)}" font-size="9">${escapeMarkup(text)}</text>`,
    ),
  ].join('');
}
