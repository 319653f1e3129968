import { signal } from '@preact/signals';
import { Icon } from './icon.js';

interface Note {
  readonly id: number;
  readonly text: string;
}

const notes = signal<readonly Note[]>([]);
const shownMs = 6000;
let count = 0;

/** Says in a corner that something has been done. Errors stand beside what caused them instead. */
export function say(text: string): void {
  count += 1;
  const note = { id: count, text };
  notes.value = [...notes.value.slice(-2), note];
  setTimeout(() => {
    notes.value = notes.value.filter(({ id }) => id !== note.id);
  }, shownMs);
}

/** Where notes appear; once, in the shell. */
export function Notes() {
  return (
    <div class="notes" role="status" aria-live="polite">
      {notes.value.map(({ id, text }) => (
        <p key={id}>
          <Icon name="check" />
          {text}
        </p>
      ))}
    </div>
  );
}
