import type { ComponentChildren } from 'preact';
import { type Act, useAct } from '../api/use-fetched.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Fault } from './shown-fault.js';

const t = wordsOf<typeof en>('parts');

interface FormProps {
  readonly children: ComponentChildren;
  /** What the button says: the act itself, never "OK". */
  readonly act: string;
  /** Carries out the act. While it runs, the button is busy; where it fails, the form says why. */
  readonly onAct: () => unknown;
  /** Absent: the form keeps its act itself. */
  readonly doing?: Act;
  readonly isDestructive?: boolean | undefined;
  /** False: the act cannot be chosen yet. */
  readonly isReady?: boolean | undefined;
  /** False: there is no such button. */
  readonly isOffered?: boolean;
  /** Called to load anew what another user has changed meanwhile (`changed-meanwhile`). */
  readonly onAnew?: (() => unknown) | undefined;
  readonly onCancel?: () => void;
  /** What the button says that leaves all as it is. */
  readonly cancel?: string;
  /** One sentence about the act, before its button. */
  readonly note?: string;
  /** Other buttons, and what else belongs beside the act. */
  readonly others?: ComponentChildren;
  /** Where the buttons of a dialog stand; absent: at the end of the line. */
  readonly place?: 'start';
  /** Present: the button stands below the fields by itself and looks so, as on a page; absent: at the end, as in a dialog. */
  readonly look?: string;
}

/** A form with its act at the end. */
export function Form(props: FormProps) {
  const { children, act, onAct, doing, isDestructive, isReady, onAnew, look } = props;
  const { onCancel, cancel = t('cancel'), note, others, place, isOffered = true } = props;
  const own = useAct();
  const { fault, isRunning, run } = doing ?? own;
  const submit = isOffered && (
    <button
      type="submit"
      class={look ?? (isDestructive === true ? 'danger' : '')}
      disabled={isReady === false}
      aria-busy={isRunning}
    >
      {act}
    </button>
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (doing === undefined) void run(async () => await onAct());
        else onAct();
      }}
    >
      {children}
      <Fault
        error={fault}
        {...(onAnew !== undefined && fault?.code === 'changed-meanwhile' && { onRetry: () => void onAnew() })}
      />
      {note !== undefined && <p class="quiet">{note}</p>}
      {look === undefined ? (
        <footer class={place === undefined ? 'acts' : `acts ${place}`}>
          {onCancel && (
            <button type="button" class="secondary" onClick={onCancel}>
              {cancel}
            </button>
          )}
          {others}
          {submit}
        </footer>
      ) : (
        <>
          {submit}
          {others}
        </>
      )}
    </form>
  );
}
