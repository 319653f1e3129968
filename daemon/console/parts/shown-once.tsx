import { useId } from 'preact/hooks';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { CopyButton } from './copy-button.js';
import { Dialog } from './dialog.js';

const t = wordsOf<typeof en>('parts');

interface ShownOnceProps {
  readonly title: string;
  /** What the secret is. */
  readonly label: string;
  readonly secret: string;
  /** What to do with it. */
  readonly children: string;
  readonly onClose: () => void;
}

/** Shows a secret that the box gives once, with a button that copies it. The caller forgets it on closing. */
export function ShownOnce({ title, label, secret, children, onClose }: ShownOnceProps) {
  const id = useId();
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <div class="field">
        <label for={id}>{label}</label>
        <input
          id={id}
          class="secret"
          type="text"
          readOnly
          autocomplete="off"
          spellcheck={false}
          value={secret}
          onFocus={(event) => event.currentTarget.select()}
        />
      </div>
      <footer class="acts">
        <CopyButton text={secret} />
        <button type="button" onClick={onClose}>
          {t('noted')}
        </button>
      </footer>
    </Dialog>
  );
}
