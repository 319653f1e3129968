import { effect, type Signal, useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { logouts, me } from '../api/session.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { changesBetween, DraftStore } from './draft-store.js';

const t = wordsOf<typeof en>('parts');

const store = new DraftStore(sessionStorage);

effect(() => {
  // Before the box has told who is logged in, a draft may still be theirs.
  if (me.value !== undefined) store.belongTo(me.value?.actor);
});

const otherTabs = new BroadcastChannel('logout');
otherTabs.onmessage = () => store.forget();
effect(() => {
  if (logouts.value === 0) return;
  store.forget();
  otherTabs.postMessage(undefined);
});

/** True while a reload would lose secrets or pictures that the user has given to a form. */
export const isDraftAtRisk = store.isAtRisk;

interface DraftOptions<Value> {
  /** Fields with secrets or pictures, which are kept until the page is reloaded. */
  readonly unstored?: readonly (keyof Value & string)[];
  /** Of what the form changes, so that it can say that another user has changed it since. */
  readonly revision?: number | undefined;
}

/** What the user types into a form. */
export interface Draft<Value> {
  readonly draft: Signal<Value>;
  /** Present: the user has come back to what they had typed before. */
  readonly restored: Restored | undefined;
  /** The revision of what the form was about when the user began to type. */
  readonly revision: number | undefined;
  /** Forgets what was typed, because it was saved or given up. `next`: what the form begins with then. */
  readonly clear: (next?: Value) => void;
}

interface Restored {
  /** Another user has changed since what the form is about. */
  readonly isOutdated: boolean;
  /** The user has to give secrets or pictures again. */
  readonly isPartial: boolean;
  readonly clear: () => void;
}

/**
 * The content of a form, which outlives the page until it is saved, discarded, or the user logs out. `form`: a name that is unique in
 * the console, with the ID of what the form changes. `initial`: what it begins with; a field that the user has not changed shows it.
 */
export function useDraft<Value extends object>(
  form: string,
  initial: Value,
  { unstored = [], revision }: DraftOptions<Value> = {},
): Draft<Value> {
  const began = useRef(initial);
  const found = useSignal(store.find(form));
  const draft = useSignal<Value>({ ...initial, ...Object.fromEntries(found.peek()?.changes ?? []) });
  const basis = found.value === undefined ? revision : found.value.revision;
  useSignalEffect(() => {
    const changes = changesBetween(began.current, draft.value);
    store.keep(form, { changes, unstored, revision: basis, isPartial: found.value?.isPartial ?? false });
  });
  const clear = (next = began.current): void => {
    began.current = next;
    found.value = undefined;
    draft.value = next;
    // The draft may be what the form begins with from now on, and is then no change of the signal.
    store.keep(form, { changes: [], unstored, isPartial: false });
  };
  const { changes = [], isPartial = false } = found.value ?? {};
  const isOutdated = basis !== revision;
  const restored = { isOutdated, isPartial, clear: () => clear() };
  return {
    ...{ draft, revision: basis, clear },
    restored: changes.length > 0 || isPartial ? restored : undefined,
  };
}

/** Says that a form shows what the user had typed before, with a way to discard it. */
export function RestoredDraft({ of }: { readonly of: Restored | undefined }) {
  if (of === undefined) return null;
  return (
    <p role="note">
      {t('draft-restored')} {of.isOutdated && t('draft-outdated')} {of.isPartial && t('draft-partial')}{' '}
      <button type="button" class="small secondary" onClick={of.clear}>
        {t('draft-discard')}
      </button>
    </p>
  );
}
