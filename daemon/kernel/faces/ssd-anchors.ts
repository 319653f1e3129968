/** Numbers per anchor in the result of `ssdAnchors`: centre x, centre y, width, height, in pixels. */
export const ANCHOR_STRIDE = 4;

/** The picture size that the network was trained at; anchor sizes are fractions of it. */
const TRAINED_PX = 512;

/** Halvings of the picture up to the first map with boxes, and the number of maps, each half the one before. */
const HALVINGS_BEFORE_BOXES = 4;
const MAPS = 6;

/** Anchor scales of the maps: 0.2 to 0.95 in equal steps; the last is the far end of the last map's blend. */
const SCALES = [0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1] as const;

interface Shape {
  readonly width: number;
  readonly height: number;
}

/** One axis of a map: the number of cells, and the centre of the first one in pixels of the picture. */
interface Axis {
  readonly cells: number;
  readonly firstPx: number;
  readonly stepPx: number;
}

function shape(scale: number, aspect: number): Shape {
  return {
    width: scale * Math.sqrt(aspect) * TRAINED_PX,
    height: (scale / Math.sqrt(aspect)) * TRAINED_PX,
  };
}

/** The shapes at every cell of a map, in the network's order (SSD anchor generator, Liu et al. 2016). */
function shapesOfMap(map: number): readonly Shape[] {
  const scale = SCALES[map] ?? 1;
  if (map === 0) return [shape(0.1, 1), shape(scale, 2), shape(scale, 0.5)];
  const next = SCALES[map + 1] ?? 1;
  // The last ratio is the rounded third with which the network was trained.
  const blended = shape(Math.sqrt(scale * next), 1);
  return [
    shape(scale, 1),
    blended,
    shape(scale, 2),
    shape(scale, 0.5),
    shape(scale, 3),
    shape(scale, 0.3333),
  ];
}

/**
 * One axis after a convolution of stride 2 with "same" padding. With an even number of cells, the first window of such a
 * convolution has its centre on cell 1; with an odd number, on cell 0. So an odd number moves all anchors back by a cell.
 */
function halved(axis: Axis): Axis {
  const isOdd = axis.cells % 2 === 1;
  return {
    cells: Math.ceil(axis.cells / 2),
    firstPx: axis.firstPx + (isOdd ? -0.5 : 0.5) * axis.stepPx,
    stepPx: axis.stepPx * 2,
  };
}

function axesOfMaps(sizePx: number): readonly Axis[] {
  let axis: Axis = { cells: sizePx, firstPx: 0.5, stepPx: 1 };
  for (let halving = 0; halving < HALVINGS_BEFORE_BOXES; halving++) axis = halved(axis);
  const axes = [axis];
  while (axes.length < MAPS) {
    axis = halved(axis);
    axes.push(axis);
  }
  return axes;
}

/**
 * The anchors of the SSD MobileNetV1 face detector for a picture of any size, in the order of its outputs:
 * coarser maps later; within a map row by row; within a cell shape by shape. Four numbers each: centre x,
 * centre y, width, height, in pixels of the network's picture. An encoding (ty, tx, th, tw) means a box with
 * centre `(cx + tx / 10 * w, cy + ty / 10 * h)`, width `w * exp(tw / 5)` and height `h * exp(th / 5)`.
 */
export function ssdAnchors(widthPx: number, heightPx: number): Float32Array {
  const columns = axesOfMaps(widthPx);
  const rows = axesOfMaps(heightPx);
  const numbers: number[] = [];
  for (const [map, across] of columns.entries()) {
    const down = rows[map] ?? across;
    const shapes = shapesOfMap(map);
    for (let row = 0; row < down.cells; row++) {
      for (let column = 0; column < across.cells; column++) {
        const x = across.firstPx + column * across.stepPx;
        const y = down.firstPx + row * down.stepPx;
        for (const { width, height } of shapes) numbers.push(x, y, width, height);
      }
    }
  }
  return Float32Array.from(numbers);
}
