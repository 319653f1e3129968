import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** The element that a drawing fills, and its present width in pixels. */
export function useWidth() {
  const host = useRef<HTMLDivElement>(null);
  const widthPx = useSignal(0);
  useEffect(() => {
    const place = host.current;
    if (place === null) return undefined;
    const sizes = new ResizeObserver(() => {
      widthPx.value = place.clientWidth;
    });
    sizes.observe(place);
    return () => sizes.disconnect();
  }, []);
  return { host, widthPx: widthPx.value };
}
