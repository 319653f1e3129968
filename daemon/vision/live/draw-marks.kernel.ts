import type { Box } from '../../kernel/faces/geometry.js';
import { letterDots, letterRows } from './block-letters.js';

export type Colour = readonly [red: number, green: number, blue: number];

/** Interleaved RGB, which is drawn upon. */
export interface Canvas {
  readonly rgb: Uint8ClampedArray;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A box with lines of text beside it. */
export interface Mark {
  readonly box: Box;
  readonly lines: readonly string[];
  readonly colour: Colour;
}

const ink: Colour = [0, 0, 0];
/** Dots from one letter to the next, and from one line to the next. */
const letterStep = letterDots.width + 1;
const lineStep = letterDots.height + 2;
/** Pictures of this width get one pixel for a dot, larger ones more. */
const widthOfDotPx = 640;

/** Draws the box and, above it, or within it where there is no room, the lines on a ground of its colour. */
export function drawMark(canvas: Canvas, { box, lines, colour }: Mark): void {
  const dotPx = Math.max(1, Math.round(canvas.widthPx / widthOfDotPx));
  const line = 2 * dotPx;
  const [left, top] = [Math.round(box.x), Math.round(box.y)];
  const [width, height] = [Math.round(box.width), Math.round(box.height)];
  fill(canvas, left, top, width, line, colour);
  fill(canvas, left, top + height - line, width, line, colour);
  fill(canvas, left, top, line, height, colour);
  fill(canvas, left + width - line, top, line, height, colour);
  const longest = Math.max(...lines.map(({ length }) => length), 0);
  const ground = { width: (longest * letterStep + 1) * dotPx, height: (lines.length * lineStep + 1) * dotPx };
  const x = Math.max(0, Math.min(left, canvas.widthPx - ground.width));
  const y = top >= ground.height ? top - ground.height : Math.max(0, top);
  fill(canvas, x, y, ground.width, ground.height, colour);
  lines.forEach((text, index) => {
    write(canvas, text, x + dotPx, y + (index * lineStep + 1) * dotPx, dotPx);
  });
}

function write(canvas: Canvas, text: string, x: number, y: number, dotPx: number): void {
  [...text].forEach((letter, place) => {
    letterRows(letter).forEach((bits, row) => {
      for (let column = 0; column < letterDots.width; column++) {
        if (((bits >> (letterDots.width - 1 - column)) & 1) === 0) continue;
        fill(canvas, x + (place * letterStep + column) * dotPx, y + row * dotPx, dotPx, dotPx, ink);
      }
    });
  });
}

/** Fills a rectangle; what lies beyond the picture is left out. */
function fill(canvas: Canvas, x: number, y: number, width: number, height: number, colour: Colour): void {
  const { rgb, widthPx, heightPx } = canvas;
  const right = Math.min(widthPx, x + width);
  const bottom = Math.min(heightPx, y + height);
  for (let row = Math.max(0, y); row < bottom; row++) {
    for (let column = Math.max(0, x); column < right; column++) {
      rgb.set(colour, 3 * (row * widthPx + column));
    }
  }
}
