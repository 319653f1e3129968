import type { CameraDetails } from '../../../../contract/cameras.js';
import { fewestCorners, mostCorners, type Place } from '../../../../kernel/zones/polygon.js';
import type { ZoneUse } from '../../../../kernel/zones/zone.js';

export const areaKinds = ['mask', 'detect', 'ignore'] as const;
export type AreaKind = (typeof areaKinds)[number] & ('mask' | ZoneUse);

/** A mask or a zone as it is drawn. */
export interface Area {
  readonly kind: AreaKind;
  /** Empty: it has none. */
  readonly name: string;
  readonly points: readonly Place[];
}

/** A corner, by the places of its area and of itself. */
export interface Corner {
  readonly area: number;
  readonly point: number;
}

type Areas = Pick<CameraDetails['settings'], 'masks' | 'zones'>;

export function areasOf({ masks, zones }: Areas): readonly Area[] {
  return [
    ...masks.map(({ name = '', points }) => ({ kind: 'mask' as const, name, points })),
    ...zones.map(({ use, name = '', points }) => ({ kind: use, name, points })),
  ];
}

/** What `cameras.change` is asked for: only what differs, because a change of masks may need a second person. */
export function changesOfAreas(areas: readonly Area[], before: Areas) {
  const masks = areas.flatMap(({ kind, ...rest }) => (kind === 'mask' ? [described(rest)] : []));
  const zones = areas.flatMap(({ kind, ...rest }) =>
    kind === 'mask' ? [] : [{ use: kind, ...described(rest) }],
  );
  const were = areasOf(before);
  const isSame = (kinds: readonly AreaKind[]): boolean => {
    const of = (all: readonly Area[]) => JSON.stringify(all.filter(({ kind }) => kinds.includes(kind)));
    return of(areas) === of(were);
  };
  return {
    ...(!isSame(['mask']) && { masks }),
    ...(!isSame(['detect', 'ignore']) && { zones }),
  };
}

function described({ name, points }: Omit<Area, 'kind'>) {
  const trimmed = name.trim();
  return { ...(trimmed !== '' && { name: trimmed }), points: [...points] };
}

/** What is drawn now, and what was before and after. */
export interface Drawing {
  readonly areas: readonly Area[];
  readonly past: readonly (readonly Area[])[];
  readonly future: readonly (readonly Area[])[];
}

export const drawingOf = (areas: readonly Area[]): Drawing => ({ areas, past: [], future: [] });

/** Steps that can be taken back. */
const mostSteps = 100;

export function changed({ areas, past }: Drawing, next: readonly Area[]): Drawing {
  return { areas: next, past: [...past, areas].slice(-mostSteps), future: [] };
}

export function undone(drawing: Drawing): Drawing {
  const { areas, past, future } = drawing;
  const before = past.at(-1);
  return before === undefined
    ? drawing
    : { areas: before, past: past.slice(0, -1), future: [areas, ...future] };
}

export function redone(drawing: Drawing): Drawing {
  const { areas, past, future } = drawing;
  const [after, ...later] = future;
  return after === undefined ? drawing : { areas: after, past: [...past, areas], future: later };
}

/** Nearer than this to an edge of the picture or to another corner, a place is drawn to it, as a share of the picture. */
const snapsWithin = 0.015;

/** The place in the picture that is meant: an edge of the picture, another corner, or the place itself. */
export function snapped({ x, y }: Place, corners: readonly Place[]): Place {
  const near = corners.find((corner) => Math.hypot(corner.x - x, corner.y - y) <= snapsWithin);
  return near ?? { x: toEdge(x), y: toEdge(y) };
}

function toEdge(value: number): number {
  if (value < snapsWithin) return 0;
  return value > 1 - snapsWithin ? 1 : rounded(value);
}

/** A press that moves less, in pixels of the screen, is a tap: a corner that is only tapped must not move, least of all that of a mask. */
const shortestDrag = 4;

export function isDrag(from: Place, to: Place): boolean {
  return Math.hypot(to.x - from.x, to.y - from.y) >= shortestDrag;
}

/** Whether the outline has a corner there. A second one, as after a double click, would make it touch itself. */
export function isCornerOf(points: readonly Place[], { x, y }: Place): boolean {
  return points.some((corner) => corner.x === x && corner.y === y);
}

/** Whether a new corner closes the outline: it lies on the first one. */
export function closes(points: readonly Place[], { x, y }: Place): boolean {
  const [first] = points;
  return points.length >= fewestCorners && first !== undefined && first.x === x && first.y === y;
}

export function withCorner(areas: readonly Area[], at: Corner, place: Place): readonly Area[] {
  return withPoints(areas, at.area, (points) =>
    points.map((point, index) => (index === at.point ? place : point)),
  );
}

/** Moved by a step of the keyboard; it stays in the picture. */
export function withCornerMoved(areas: readonly Area[], at: Corner, by: Place): readonly Area[] {
  const point = areas[at.area]?.points[at.point];
  return point === undefined ? areas : withCorner(areas, at, moved(point, by));
}

export function moved({ x, y }: Place, by: Place): Place {
  return { x: within(x + by.x), y: within(y + by.y) };
}

/** Without this corner. An area that would have too few goes as a whole. */
export function withoutCorner(areas: readonly Area[], at: Corner): readonly Area[] {
  if ((areas[at.area]?.points.length ?? 0) <= fewestCorners) return withoutArea(areas, at.area);
  return withPoints(areas, at.area, (points) => points.filter((_, index) => index !== at.point));
}

/** With one more corner half-way to the next one, if there is room for it. */
export function withCornerAfter(areas: readonly Area[], { area, point }: Corner): readonly Area[] {
  return withPoints(areas, area, (points) => {
    const [from, to] = [points[point], points[(point + 1) % points.length]];
    if (from === undefined || to === undefined || points.length >= mostCorners) return points;
    const between = { x: rounded((from.x + to.x) / 2), y: rounded((from.y + to.y) / 2) };
    return [...points.slice(0, point + 1), between, ...points.slice(point + 1)];
  });
}

export function withoutArea(areas: readonly Area[], area: number): readonly Area[] {
  return areas.filter((_, index) => index !== area);
}

function withPoints(
  areas: readonly Area[],
  area: number,
  change: (points: readonly Place[]) => readonly Place[],
): readonly Area[] {
  return areas.map((each, index) => (index === area ? { ...each, points: change(each.points) } : each));
}

const within = (value: number): number => rounded(Math.min(1, Math.max(0, value)));
const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;
