import { useSignal } from '@preact/signals';

/** A dialog, and what it is about while it is open. */
interface Opened<Of> {
  /** Undefined while the dialog is closed. */
  readonly of: Of | undefined;
  readonly open: (of: Of) => void;
  /** Opens the dialog when it is called, as a button does. */
  readonly opens: (of: Of) => () => void;
  /** Closes the dialog when it is called, as `onClose` of a dialog does. `onDone`: what follows, unless the user gave up. */
  readonly closes: (onDone?: () => unknown) => (isDone?: boolean) => void;
}

/** Which dialog of a page is open. `Of`: what it is about; just `true` where there is nothing to say. */
export function useDialog<Of = true>(): Opened<Of> {
  const of = useSignal<Of | undefined>(undefined);
  const open = (what: Of): void => {
    of.value = what;
  };
  return {
    of: of.value,
    open,
    opens: (what) => () => open(what),
    closes:
      (onDone) =>
      (isDone = true) => {
        of.value = undefined;
        if (isDone) void onDone?.();
      },
  };
}
