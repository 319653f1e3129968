import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { mostCorners, type Place } from '../../../../kernel/zones/polygon.js';
import type en from '../../../messages/en/cameras.json';
import { wordsOf } from '../../../words/words.js';
import {
  type Area,
  type AreaKind,
  type Corner,
  closes,
  isCornerOf,
  isDrag,
  moved,
  snapped,
  withCorner,
  withCornerAfter,
  withCornerMoved,
  withoutCorner,
} from './area-draft.js';
import { areaTitle } from './area-words.js';

const t = wordsOf<typeof en>('cameras');

/** A new outline that is not closed yet. */
export interface Outline {
  readonly kind: AreaKind;
  readonly points: readonly Place[];
}

interface SurfaceProps {
  readonly areas: readonly Area[];
  readonly outline: Outline | undefined;
  readonly isChangeable: boolean;
  /** Called with the area to show while a corner is dragged, which does not count as a step to undo. Undefined: the drag was cut short. */
  readonly onDrag: (areas: readonly Area[] | undefined) => void;
  /** Called with each step. */
  readonly onChange: (areas: readonly Area[]) => void;
  /** Undefined: the outline is given up. */
  readonly onOutline: (outline: Outline | undefined) => void;
  readonly onClose: (outline: Outline) => void;
  /** The picture. */
  readonly children: ComponentChildren;
}

/** A picture with the areas on it, which can be drawn and changed by pointer, touch and keyboard. */
export function AreaSurface(props: SurfaceProps) {
  const { areas, outline, isChangeable, onOutline, onClose, children } = props;
  const surface = useRef<HTMLDivElement>(null);
  const crosshair = useSignal<Place>({ x: 0.5, y: 0.5 });
  const placeOf = ({ clientX, clientY }: PointerEvent): Place => {
    const { left, top, width, height } = surface.current?.getBoundingClientRect() ?? new DOMRect(0, 0, 1, 1);
    return moved({ x: (clientX - left) / width, y: (clientY - top) / height }, { x: 0, y: 0 });
  };
  const add = (place: Place): void => {
    if (outline === undefined) return;
    const { points } = outline;
    const at = snapped(place, [...points, ...areas.flatMap((area) => area.points)]);
    if (closes(points, at)) onClose(outline);
    else if (points.length < mostCorners && !isCornerOf(points, at))
      onOutline({ ...outline, points: [...points, at] });
  };
  // The button that began the outline is gone. The keys belong to the picture now.
  const isDrawing = outline !== undefined;
  useLayoutEffect(() => {
    if (isDrawing) surface.current?.focus();
  }, [isDrawing]);
  const onKey = (event: KeyboardEvent): void => {
    if (outline === undefined) return;
    const step = stepOf(event);
    if (step !== undefined) crosshair.value = moved(crosshair.value, step);
    else if (event.key === ' ') add(crosshair.value);
    else if (event.key === 'Enter') onClose(outline);
    else if (event.key === 'Escape') onOutline(undefined);
    else if (event.key === 'Backspace' || isUndo(event))
      onOutline({ ...outline, points: outline.points.slice(0, -1) });
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it has a role and a name while an outline is drawn.
    <div
      ref={surface}
      class="areas"
      dir="ltr"
      {...(outline !== undefined && {
        role: 'application',
        tabIndex: 0,
        'aria-label': t('areas-drawing-label', { kind: areaTitle(outline.kind) }),
      })}
      onPointerDown={(event) => {
        if (outline === undefined) return;
        event.preventDefault();
        surface.current?.focus();
        add(placeOf(event));
      }}
      onKeyDown={onKey}
    >
      {children}
      <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
        {areas.map(({ kind, points }, index) => (
          <polygon key={index} class={kind} points={pathOf(points)} />
        ))}
        {outline && <polyline class={`outline ${outline.kind}`} points={pathOf(outline.points)} />}
      </svg>
      {outline === undefined
        ? isChangeable &&
          areas.map((area, index) => <Corners key={index} {...props} {...{ area, index, placeOf }} />)
        : [crosshair.value, ...outline.points].map((place, index) => (
            <span
              key={index}
              class={index === 0 ? 'crosshair' : 'corner'}
              style={styleOf(place)}
              aria-hidden="true"
            />
          ))}
    </div>
  );
}

interface CornersProps extends SurfaceProps {
  readonly area: Area;
  readonly index: number;
  readonly placeOf: (event: PointerEvent) => Place;
}

/** The corners of one area, each a button of its own. */
function Corners({ areas, area, index, placeOf, onDrag, onChange }: CornersProps) {
  /** The corner that is pressed, and where the press began on the screen. */
  const pressed = useRef<{ readonly point: number; readonly from: Place; isDragged: boolean } | undefined>(
    undefined,
  );
  const others = (point: number): readonly Place[] =>
    areas.flatMap(({ points }, of) => points.filter((_, at) => of !== index || at !== point));
  return (
    <>
      {area.points.map((place, point) => {
        const at: Corner = { area: index, point };
        const dragTo = (event: PointerEvent) => withCorner(areas, at, snapped(placeOf(event), others(point)));
        return (
          <button
            key={point}
            type="button"
            class={`corner ${area.kind}`}
            style={styleOf(place)}
            aria-label={t('areas-corner', {
              ...{ area: areaTitle(area.kind, area.name), number: point + 1, count: area.points.length },
              ...{ x: Math.round(place.x * 100), y: Math.round(place.y * 100) },
            })}
            onPointerDown={(event) => {
              event.stopPropagation();
              event.currentTarget.setPointerCapture(event.pointerId);
              pressed.current = { point, from: onScreen(event), isDragged: false };
            }}
            onPointerMove={(event) => {
              const press = pressed.current;
              if (press?.point !== point) return;
              press.isDragged ||= isDrag(press.from, onScreen(event));
              if (press.isDragged) onDrag(dragTo(event));
            }}
            onPointerUp={(event) => {
              const press = pressed.current;
              pressed.current = undefined;
              if (press?.point === point && press.isDragged) onChange(dragTo(event));
            }}
            onPointerCancel={() => {
              pressed.current = undefined;
              onDrag(undefined);
            }}
            onKeyDown={(event) => {
              const step = stepOf(event);
              if (step !== undefined) onChange(withCornerMoved(areas, at, step));
              else if (event.key === 'Delete') onChange(withoutCorner(areas, at));
              else if (event.key === 'Insert' || event.key === '+') onChange(withCornerAfter(areas, at));
              else return;
              event.preventDefault();
            }}
            onDblClick={() => onChange(withCornerAfter(areas, at))}
          />
        );
      })}
    </>
  );
}

const onScreen = ({ clientX, clientY }: PointerEvent): Place => ({ x: clientX, y: clientY });

const far = 0.01;
const fine = 0.001;
const directions: Readonly<Record<string, Place>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** How far an arrow key moves; with Shift, a tenth. */
function stepOf({ key, shiftKey }: KeyboardEvent): Place | undefined {
  const direction = directions[key];
  const length = shiftKey ? fine : far;
  return direction && { x: direction.x * length, y: direction.y * length };
}

/** Ctrl+Z, or Command+Z on a Mac. */
function isUndo({ key, ctrlKey, metaKey, shiftKey }: KeyboardEvent): boolean {
  return (ctrlKey || metaKey) && !shiftKey && key.toLowerCase() === 'z';
}

const pathOf = (points: readonly Place[]): string =>
  points.map(({ x, y }) => `${x * 1000},${y * 1000}`).join(' ');

const styleOf = ({ x, y }: Place) => ({ insetInlineStart: `${x * 100}%`, insetBlockStart: `${y * 100}%` });
