import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useAct } from '../api/use-fetched.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Form } from './form.js';
import { Icon } from './icon.js';

const t = wordsOf<typeof en>('parts');

interface DialogProps {
  readonly title: string;
  /** Absent: the dialog stays until its question is answered. */
  readonly onClose?: () => void;
  readonly children: ComponentChildren;
  readonly isWide?: boolean;
  /** True: hides the page, which the user may not see now. */
  readonly isOpaque?: boolean;
  readonly class?: string;
}

/** A modal dialog. Show it by rendering it. The browser keeps the focus inside and gives it back. */
export function Dialog(props: DialogProps) {
  const { title, onClose, children, isWide = false, isOpaque = false, class: name = '' } = props;
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={`${isWide ? 'wide' : ''} ${isOpaque ? 'opaque' : ''} ${name}`}
      aria-labelledby={id}
      onKeyDown={(event) => {
        // Pressed again and again, it closes a dialog that cancels the first time.
        if (event.key === 'Escape' && onClose === undefined) event.preventDefault();
      }}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={({ currentTarget }) => {
        // The browser itself has closed it, such as by a gesture.
        if (!currentTarget.isConnected) return;
        if (onClose === undefined) currentTarget.showModal();
        else onClose();
      }}
    >
      <article>
        <header>
          <h2 id={id}>{title}</h2>
          {onClose && (
            <button type="button" class="plain" aria-label={t('close')} onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </article>
    </dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  /** What happens, and what is lost. */
  readonly children: ComponentChildren;
  /** What the button says: the act itself, never "OK". */
  readonly act: string;
  readonly isDestructive?: boolean;
  /** False: the act cannot be chosen yet. */
  readonly isReady?: boolean;
  readonly onAct: () => Promise<unknown>;
  /** Called to load anew what another user has changed meanwhile (`changed-meanwhile`). */
  readonly onAnew?: () => void;
  /** Called after the act has succeeded, and when the user gives up. */
  readonly onClose: (isDone: boolean) => void;
}

/** Asks before an act, carries it out, and shows why it failed. */
export function Confirm(props: ConfirmProps) {
  const { title, children, act, isDestructive, isReady, onAct, onAnew, onClose } = props;
  const doing = useAct();
  const submit = async (): Promise<void> => {
    if (await doing.run(onAct)) onClose(true);
  };
  return (
    <Dialog title={title} onClose={() => onClose(false)}>
      <Form
        act={act}
        onAct={submit}
        onCancel={() => onClose(false)}
        {...{ doing, isDestructive, isReady, onAnew }}
      >
        {children}
      </Form>
    </Dialog>
  );
}
