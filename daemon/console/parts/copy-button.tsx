import { useSignal } from '@preact/signals';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';

const t = wordsOf<typeof en>('parts');

interface CopyButtonProps {
  readonly text: string;
  /** What is copied, where the place does not tell. */
  readonly label?: string;
}

/** Copies a text, and says whether it could: a browser may forbid it. */
export function CopyButton({ text, label }: CopyButtonProps) {
  const said = useSignal<'copied' | 'copy-failed' | undefined>(undefined);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      said.value = 'copied';
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      said.value = 'copy-failed';
    }
  };
  return (
    <>
      <button type="button" class="secondary small" aria-label={label} onClick={() => void copy()}>
        {t('copy')}
      </button>
      <span role="status" class="quiet">
        {said.value && t(said.value)}
      </span>
    </>
  );
}
