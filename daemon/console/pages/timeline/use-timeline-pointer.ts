import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** What a pointer does on a timeline. Places are pixels from its upper left corner. */
export interface TimelinePointer {
  /** A mouse is here, or a finger moves along; undefined: it has left. */
  readonly onHover: (place: { readonly xPx: number; readonly yPx: number } | undefined) => void;
  /** Moves the view by so many pixels. */
  readonly onMove: (byPx: number) => void;
  /** Shows `factor` times as much around this place. */
  readonly onZoom: (factor: number, xPx: number) => void;
  /** A mark, or the ground beside it, was clicked or tapped; or a finger that scrubbed was lifted there. */
  readonly onPick: (place: { readonly xPx: number; readonly yPx: number }, how: Picking) => void;
}

export type Picking = 'click' | 'tap' | 'scrub';

/** A pointer that moves less is a click. */
const clickPx = 5;
/** What a turn of the wheel by a hundred pixels zooms. */
const wheelFactor = 1.25;

interface Held {
  readonly isTouch: boolean;
  readonly startPx: number;
  xPx: number;
  hasMoved: boolean;
  /** One of two fingers. */
  isPinch: boolean;
}

/**
 * Moves, zooms and scrubs with mouse, touch and wheel: a mouse that moves scrubs, and drags the view while it is pressed; a finger
 * scrubs, two fingers drag and zoom. The wheel zooms with the control key, which is what a pinch on a touchpad sends, and while
 * the element has the focus; otherwise it scrolls the page.
 */
export function useTimelinePointer(host: RefObject<HTMLElement | null>, pointer: TimelinePointer): void {
  const latest = useRef(pointer);
  latest.current = pointer;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const left = new AbortController();
    const { signal } = left;
    const fingers = new Fingers(element, () => latest.current);
    element.addEventListener('pointerdown', (event) => fingers.press(event), { signal });
    element.addEventListener('pointermove', (event) => fingers.move(event), { signal });
    element.addEventListener('pointerup', (event) => fingers.release(event), { signal });
    element.addEventListener('pointercancel', (event) => fingers.release(event), { signal });
    element.addEventListener('pointerleave', () => latest.current.onHover(undefined), { signal });
    const turn = (event: WheelEvent): void => turned(event, element, latest.current);
    // The page must not scroll meanwhile, which a passive listener could not prevent.
    element.addEventListener('wheel', turn, { signal, passive: false });
    return () => left.abort();
  }, []);
}

function placeIn(element: HTMLElement, { clientX, clientY }: MouseEvent) {
  const { left, top } = element.getBoundingClientRect();
  return { xPx: clientX - left, yPx: clientY - top };
}

/** The pointers that are down on an element: a mouse, a finger, or two. */
class Fingers {
  readonly #element: HTMLElement;
  readonly #pointer: () => TimelinePointer;
  readonly #held = new Map<number, Held>();

  constructor(element: HTMLElement, pointer: () => TimelinePointer) {
    this.#element = element;
    this.#pointer = pointer;
  }

  press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const { xPx } = placeIn(this.#element, event);
    const isPinch = this.#held.size > 0;
    const isTouch = event.pointerType === 'touch';
    this.#held.set(event.pointerId, { isTouch, startPx: xPx, xPx, hasMoved: isPinch, isPinch });
    this.#element.setPointerCapture(event.pointerId);
  }

  move(event: PointerEvent): void {
    const place = placeIn(this.#element, event);
    const own = this.#held.get(event.pointerId);
    const other = [...this.#held].find(([id]) => id !== event.pointerId)?.[1];
    if (own === undefined) this.#pointer().onHover(place);
    else if (other !== undefined) this.#pinch(own, other, place.xPx);
    else this.#drag(own, place);
  }

  release(event: PointerEvent): void {
    const own = this.#held.get(event.pointerId);
    this.#held.delete(event.pointerId);
    if (own === undefined || event.type === 'pointercancel') return;
    const { hasMoved, isTouch, isPinch } = own;
    const place = placeIn(this.#element, event);
    if (!hasMoved) this.#pointer().onPick(place, isTouch ? 'tap' : 'click');
    else if (isTouch && !isPinch) this.#pointer().onPick(place, 'scrub');
  }

  #drag(own: Held, place: { readonly xPx: number; readonly yPx: number }): void {
    own.hasMoved ||= Math.abs(place.xPx - own.startPx) > clickPx;
    if (!own.hasMoved) return;
    const byPx = place.xPx - own.xPx;
    own.xPx = place.xPx;
    if (own.isTouch) this.#pointer().onHover(place);
    else this.#pointer().onMove(byPx);
  }

  /** What is below two fingers stays below them. */
  #pinch(own: Held, other: Held, xPx: number): void {
    const before = Math.max(1, Math.abs(own.xPx - other.xPx));
    const after = Math.max(1, Math.abs(xPx - other.xPx));
    const byPx = xPx - own.xPx;
    Object.assign(own, { xPx, hasMoved: true, isPinch: true });
    other.isPinch = true;
    other.hasMoved = true;
    this.#pointer().onZoom(before / after, (xPx + other.xPx) / 2);
    this.#pointer().onMove(byPx / 2);
  }
}

function turned(event: WheelEvent, element: HTMLElement, pointer: TimelinePointer): void {
  const { deltaX, deltaY, ctrlKey, metaKey, shiftKey } = event;
  // Some browsers send what a wheel with the shift key turns as a movement to the side, others do not.
  const sidewaysPx = shiftKey ? deltaX || deltaY : deltaX;
  if (shiftKey || Math.abs(deltaX) > Math.abs(deltaY)) pointer.onMove(-sidewaysPx);
  else if (ctrlKey || metaKey || document.activeElement === element)
    pointer.onZoom(wheelFactor ** (deltaY / 100), placeIn(element, event).xPx);
  else return;
  event.preventDefault();
}
