/** Position in pixels; x grows to the right, y downwards; pixel centres are at .5. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Axis-aligned rectangle in pixels, (x, y) its top left corner. May reach beyond the picture. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function midpoint(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

export function boxCentre(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** The box in a picture that is `scale` times as large. */
export function scaleBox({ x, y, width, height }: Box, scale: number): Box {
  return { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
}

export function boxArea(box: Box): number {
  return Math.max(0, box.width) * Math.max(0, box.height);
}

/** The square of side `factor` times the box's longer side, about the same centre. */
export function squareAround(box: Box, factor: number): Box {
  const side = Math.max(box.width, box.height) * factor;
  const centre = boxCentre(box);
  return { x: centre.x - side / 2, y: centre.y - side / 2, width: side, height: side };
}

/** The part of `box` inside a picture of the given size, pixels; its area may be zero. */
export function clipBox(box: Box, widthPx: number, heightPx: number): Box {
  const left = Math.min(Math.max(box.x, 0), widthPx);
  const top = Math.min(Math.max(box.y, 0), heightPx);
  const right = Math.min(Math.max(box.x + box.width, 0), widthPx);
  const bottom = Math.min(Math.max(box.y + box.height, 0), heightPx);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The share of the box outside a picture of the given size, 0..1. */
export function outsideShare(box: Box, widthPx: number, heightPx: number): number {
  return 1 - boxArea(clipBox(box, widthPx, heightPx)) / Math.max(boxArea(box), 1e-6);
}

/** The area that both boxes cover; 0 when they do not touch. */
export function sharedArea(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

/** Intersection over union, 0..1 (Jaccard index); 0 when either box is empty. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const intersection = sharedArea(a, b);
  return intersection === 0 ? 0 : intersection / (boxArea(a) + boxArea(b) - intersection);
}
