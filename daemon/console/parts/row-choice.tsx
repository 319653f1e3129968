import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

/** Which rows of a list the user has chosen, by their IDs. */
export interface RowChoice {
  readonly has: (id: string) => boolean;
  /** Chooses a row, or not. `isRange`: with all rows between it and the one before. */
  readonly put: (id: string, isChosen: boolean, isRange: boolean) => void;
  readonly putAll: (isChosen: boolean) => void;
}

/** `ids`: the rows in their order. `isAllAtFirst`: whether rows are chosen until the user says otherwise. */
export function useRowChoice(ids: readonly string[], isAllAtFirst: boolean): RowChoice {
  const chosen = useSignal<{ readonly isAll: boolean; readonly others: ReadonlySet<string> }>({
    isAll: isAllAtFirst,
    others: new Set(),
  });
  const last = useRef<string | undefined>(undefined);
  const { isAll, others } = chosen.value;
  return {
    has: (id) => isAll !== others.has(id),
    put: (id, isChosen, isRange) => {
      const places = [id, isRange ? (last.current ?? id) : id].map((each) => ids.indexOf(each));
      const range = places.includes(-1) ? [id] : ids.slice(Math.min(...places), Math.max(...places) + 1);
      const next = new Set(others);
      for (const each of range) {
        if (isChosen === isAll) next.delete(each);
        else next.add(each);
      }
      last.current = id;
      chosen.value = { isAll, others: next };
    },
    putAll: (isChosen) => {
      chosen.value = { isAll: isChosen, others: new Set() };
    },
  };
}

interface RowTickProps {
  readonly choice: RowChoice;
  readonly id: string;
  readonly label: ComponentChildren;
}

/** Chooses a row; with the shift key, also the rows between it and the one that was chosen or left out before. */
export function RowTick({ choice, id, label }: RowTickProps) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={choice.has(id)}
        onClick={({ currentTarget, shiftKey }) => choice.put(id, currentTarget.checked, shiftKey)}
      />
      <span>{label}</span>
    </label>
  );
}
