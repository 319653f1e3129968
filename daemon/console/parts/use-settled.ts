import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const settledMs = 300;

/** The value once it has stayed the same for a moment: while the user types, the box is not asked for every letter. */
export function useSettled<Value>(value: Value): Value {
  const settled = useSignal(value);
  const key = JSON.stringify(value);
  useEffect(() => {
    if (JSON.stringify(settled.value) === key) return;
    const timer = setTimeout(() => {
      settled.value = value;
    }, settledMs);
    return () => clearTimeout(timer);
  }, [key]);
  return settled.value;
}
