import type { FollowedFace, LiveFace, LivePicture } from '../../../../contract/live.js';
import { decimals } from '../../../time/site-format.js';
import { type FaceTone, faceTones, signOf, toneOf } from './face-tone.js';

/** The line of a box; an empty list is an unbroken one. */
const dashes: Readonly<Record<FaceTone, readonly number[]>> = {
  recognised: [],
  waiting: [8, 4],
  attack: [2, 3],
  unseen: [1, 5],
};

type Colours = Readonly<Record<FaceTone | 'halo', string>>;

/** Colours of boxes lie on pictures, not on the page: they are the same in light and dark. */
function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const names = [...faceTones, 'halo'] as const;
  const entries = names.map((name) => [name, style.getPropertyValue(`--live-${name}`).trim()]);
  // Object.fromEntries forgets the names of the keys.
  return Object.fromEntries(entries) as Colours;
}

/** Width of the letters and lines as a reader sees them, in pixels of the page. */
const letterPx = 13;
const linePx = 2;

/** Draws a picture and its boxes in one turn, so that they agree in every picture that is shown. */
export function drawPicture(
  canvas: HTMLCanvasElement,
  bitmap: ImageBitmap,
  about: LivePicture,
  decisions: ReadonlyMap<string, FollowedFace>,
): void {
  if (canvas.width !== about.widthPx) canvas.width = about.widthPx;
  if (canvas.height !== about.heightPx) canvas.height = about.heightPx;
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.drawImage(bitmap, 0, 0);
  const scale = canvas.width / Math.max(1, canvas.clientWidth);
  const colours = coloursOf(canvas);
  for (const face of about.faces)
    drawFace(pen, { face, scale, colours, followed: decisions.get(face.track) });
}

interface Drawn {
  readonly face: LiveFace;
  /** Pixels of the canvas for one of the page. */
  readonly scale: number;
  readonly colours: Colours;
  readonly followed: FollowedFace | undefined;
}

function drawFace(pen: CanvasRenderingContext2D, { face, scale, colours, followed }: Drawn): void {
  const tone = toneOf(face, followed?.decision);
  const { x, y, width, height } = face.box;
  pen.setLineDash([]);
  pen.lineWidth = 2 * linePx * scale;
  pen.strokeStyle = colours.halo;
  pen.strokeRect(x, y, width, height);
  pen.setLineDash(dashes[tone].map((length) => length * scale));
  pen.lineWidth = linePx * scale;
  pen.strokeStyle = colours[tone];
  pen.strokeRect(x, y, width, height);
  pen.setLineDash([]);
  const { top, bottom } = labelsOf(face, tone, followed);
  const edge = letterPx * scale * 1.5;
  drawLabel(pen, top, { x, y: y >= edge ? y - edge : y, scale, colours, tone });
  drawLabel(pen, bottom, { x, y: Math.min(y + height, pen.canvas.height - edge), scale, colours, tone });
}

/** Above the box who it is, below it what was measured. */
function labelsOf({ number: count, quality, eyes }: LiveFace, tone: FaceTone, followed?: FollowedFace) {
  const { name, person } = followed?.decision?.nearest ?? {};
  const isKnown = tone === 'recognised' || followed?.decision?.outcome === 'unproven';
  const who = isKnown ? (name ?? person) : undefined;
  const open = [eyes?.left ?? null, eyes?.right ?? null].filter((eye) => eye !== null);
  const figures = [
    quality === null ? undefined : `Q ${decimals(quality.score, 2)}`,
    open.length === 0 ? undefined : `◉ ${decimals(Math.max(...open), 2, 2)}`,
  ];
  return {
    top: [`${signOf[tone]} #${count}`, who].filter(Boolean).join('  '),
    bottom: figures.filter(Boolean).join('  '),
  };
}

interface LabelPlace extends Pick<Drawn, 'scale' | 'colours'> {
  readonly x: number;
  readonly y: number;
  readonly tone: FaceTone;
}

function drawLabel(
  pen: CanvasRenderingContext2D,
  text: string,
  { x, y, scale, colours, tone }: LabelPlace,
): void {
  if (text === '') return;
  const size = letterPx * scale;
  pen.font = `600 ${size}px system-ui, sans-serif`;
  pen.textBaseline = 'middle';
  const width = pen.measureText(text).width + size;
  const start = Math.max(0, Math.min(x, pen.canvas.width - width));
  pen.fillStyle = colours.halo;
  pen.fillRect(start, y, width, size * 1.5);
  pen.fillStyle = colours[tone];
  pen.fillText(text, start + size / 2, y + size * 0.75);
}
