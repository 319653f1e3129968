import type { Signal } from '@preact/signals';

/** Value and change of a field that writes into a signal: `<Field label={…} {...bound(name)} />`. */
export function bound<Value>(signal: Signal<Value>): {
  readonly value: Value;
  readonly onValue: (value: Value) => void;
} {
  return {
    value: signal.value,
    onValue: (value) => {
      signal.value = value;
    },
  };
}
