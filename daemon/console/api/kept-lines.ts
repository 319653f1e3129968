import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { type ApiError, isApiError } from './call.js';
import { me } from './session.js';

/** Long work of the box whose answer is lines that come at its end. */
export interface KeptLines<Line, Given extends readonly unknown[]> {
  /** The lines of the last answer. */
  readonly lines: ReadonlySignal<readonly Line[] | undefined>;
  readonly isRunning: ReadonlySignal<boolean>;
  readonly fault: ReadonlySignal<ApiError | undefined>;
  /** Begins the work, unless it runs. */
  readonly start: (...given: Given) => Promise<void>;
}

/**
 * Work that goes on while the user looks at other pages. Its answer is kept until the work is started again or the session ends.
 */
export function keptLines<Line, Given extends readonly unknown[]>(
  read: (...given: Given) => AsyncIterable<Line>,
): KeptLines<Line, Given> {
  const lines = signal<readonly Line[] | undefined>(undefined);
  const isRunning = signal(false);
  const fault = signal<ApiError | undefined>(undefined);
  effect(() => {
    if (me.value !== null) return;
    lines.value = undefined;
    fault.value = undefined;
  });
  return {
    ...{ lines, isRunning, fault },
    async start(...given) {
      if (isRunning.value) return;
      const asker = me.value;
      isRunning.value = true;
      lines.value = undefined;
      fault.value = undefined;
      try {
        const found: Line[] = [];
        for await (const line of read(...given)) found.push(line);
        // What one user asked for is not shown to the next one.
        if (me.value?.actor === asker?.actor) lines.value = found;
      } catch (error) {
        if (!isApiError(error)) throw error;
        if (me.value?.actor === asker?.actor) fault.value = error;
      } finally {
        isRunning.value = false;
      }
    },
  };
}
