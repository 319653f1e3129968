import type { ComponentChildren } from 'preact';
import type { Act } from '../api/use-fetched.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Fault } from './fault.js';

const t = wordsOf<typeof en>('parts');

interface FormProps {
  readonly children: ComponentChildren;
  /** What the button says: the act itself, never "OK". */
  readonly act: string;
  readonly onAct: () => unknown;
  /** What the button does: shown while it runs, and where it failed. Absent where it only begins something. */
  readonly doing?: Act;
  readonly isDestructive?: boolean | undefined;
  /** False: the act cannot be chosen yet. */
  readonly isReady?: boolean | undefined;
  /** Called to load anew what another user has changed meanwhile (`changed-meanwhile`). */
  readonly onAnew?: (() => void) | undefined;
  readonly onCancel?: () => void;
  /** What the button says that leaves all as it is. */
  readonly cancel?: string;
}

/** A form with its act at the end. */
export function Form(props: FormProps) {
  const {
    children,
    act,
    onAct,
    doing,
    isDestructive,
    isReady,
    onAnew,
    onCancel,
    cancel = t('cancel'),
  } = props;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onAct();
      }}
    >
      {children}
      <Fault
        error={doing?.fault}
        {...(onAnew !== undefined && doing?.fault?.code === 'changed-meanwhile' && { onRetry: onAnew })}
      />
      <footer class="acts">
        {onCancel && (
          <button type="button" class="secondary" onClick={onCancel}>
            {cancel}
          </button>
        )}
        <button
          type="submit"
          class={isDestructive === true ? 'danger' : ''}
          disabled={isReady === false}
          aria-busy={doing?.isRunning ?? false}
        >
          {act}
        </button>
      </footer>
    </form>
  );
}
