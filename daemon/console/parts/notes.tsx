import { signal } from '@preact/signals';
import { Icon } from './icon.js';

interface Note {
  readonly id: number;
  readonly text: string;
  readonly link?: NoteLink | undefined;
}

interface NoteLink {
  readonly href: string;
  readonly text: string;
}

const notes = signal<readonly Note[]>([]);
const shownMs = 6000;
const shownWithLinkMs = 20_000;
let count = 0;

/**
 * Says in a corner that something has been done. Errors stand beside what caused them instead. `link`: where it can be taken back;
 * the page must offer the same, because a note goes away.
 */
export function say(text: string, link?: NoteLink): void {
  count += 1;
  const note = { id: count, text, link };
  notes.value = [...notes.value.slice(-2), note];
  setTimeout(
    () => {
      notes.value = notes.value.filter(({ id }) => id !== note.id);
    },
    link === undefined ? shownMs : shownWithLinkMs,
  );
}

/** Where notes appear; once, in the shell. */
export function Notes() {
  return (
    <div class="notes" role="status" aria-live="polite">
      {notes.value.map(({ id, text, link }) => (
        <p key={id}>
          <Icon name="check" />
          {text}
          {link !== undefined && (
            <>
              {' '}
              <a href={link.href}>{link.text}</a>
            </>
          )}
        </p>
      ))}
    </div>
  );
}
