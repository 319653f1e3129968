import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { MarkedPassage } from '../../../contract/passages.js';
import { call, isApiError } from '../../api/call.js';
import type en from '../../messages/en/passages.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { say } from '../../parts/notes.js';
import type { RowChoice } from '../../parts/row-choice.js';
import { sentence } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { wordsOf } from '../../words/words.js';
import { useMark } from './mark-passage.js';

const t = wordsOf<typeof en>('passages');

/** The box would mark more at once, but each is a request when it is undone, of which it takes 100 a minute. */
const most = 50;

interface MarkChosenProps {
  readonly choice: RowChoice;
  /** The chosen passages that are listed, by ID. */
  readonly ids: readonly string[];
  readonly onMarked: () => unknown;
}

/** How many passages are chosen, and the way to say the same of all of them. */
export function MarkChosen({ choice, ids, onMarked }: MarkChosenProps) {
  const marking = useDialog();
  const count = useRef<HTMLSpanElement>(null);
  const isEmpty = ids.length === 0;
  const wasEmpty = useRef(isEmpty);
  // The button with the focus cannot keep it once nothing is chosen any more.
  useEffect(() => {
    if (isEmpty && !wasEmpty.current && document.activeElement?.matches('body, :disabled'))
      count.current?.focus();
    wasEmpty.current = isEmpty;
  }, [isEmpty]);
  const choose = { text: t('select-none'), isReady: !isEmpty, onAct: () => choice.putAll(false) };
  const isReady = !isEmpty && ids.length <= most;
  return (
    <>
      <ActionBar
        isSmall
        place="start"
        before={
          <span ref={count} tabIndex={-1} role="status">
            {t('selected', { count: ids.length })}
          </span>
        }
        of={[choose, { text: t('mark-title'), isReady, onAct: marking.opens(true) }]}
      />
      {ids.length > most && <p role="note">{t('too-many-selected', { most })}</p>}
      {marking.of && (
        <MarkPassages
          ids={ids}
          onClose={marking.closes(() => {
            choice.putAll(false);
            void onMarked();
          })}
        />
      )}
    </>
  );
}

interface MarkPassagesProps {
  readonly ids: readonly string[];
  readonly onClose: (isDone: boolean) => void;
}

/** Says the same of many passages: the form, then what would become of them, then what has. */
function MarkPassages({ ids, onClose }: MarkPassagesProps) {
  const { said, fields } = useMark();
  const preview = useSignal<{ readonly key: string; readonly of: readonly MarkedPassage[] } | undefined>(
    undefined,
  );
  const done = useSignal<readonly MarkedPassage[] | undefined>(undefined);
  // Of a form that does not say who, it is `null`: an absent key would pass for that of an absent preview.
  const key = JSON.stringify(said ?? null);
  // Only what was previewed can be done.
  const planned = preview.value?.key === key ? preview.value.of : undefined;
  const wanted = (planned ?? []).flatMap(({ passage, outcome }) => (outcome === 'marked' ? [passage] : []));
  const go = async (): Promise<void> => {
    if (said === undefined) return;
    if (planned === undefined) {
      const { passages } = await call('passages.mark-many', { ...said, passages: [...ids], isPreview: true });
      preview.value = { key, of: passages };
    } else {
      const { passages } = await call('passages.mark-many', { ...said, passages: wanted });
      done.value = passages;
    }
  };
  if (done.value !== undefined) return <Marked of={done.value} onClose={() => onClose(true)} />;
  return (
    <Dialog title={t('mark-title')} onClose={() => onClose(false)}>
      <Form
        act={planned === undefined ? t('mark-preview') : t('mark-many-act', { count: wanted.length })}
        onAct={go}
        isReady={said !== undefined && (planned === undefined || wanted.length > 0)}
        onCancel={() => onClose(false)}
      >
        <p>{t('selected', { count: ids.length })}</p>
        {fields}
        <div role="status">{planned !== undefined && <p>{t('mark-previewed', countsOf(planned))}</p>}</div>
        <Refused of={planned ?? []} />
      </Form>
    </Dialog>
  );
}

interface MarkedProps {
  readonly of: readonly MarkedPassage[];
  readonly onClose: () => void;
}

/** What has become of each passage. */
function Marked({ of: passages, onClose }: MarkedProps) {
  /** Marks to undo: after a failure, the next try goes on with the rest. */
  const left = useRef(
    passages.flatMap(({ passage, mark }) => (mark === undefined ? [] : [{ passage, ifMark: mark.event }])),
  );
  const kept = useRef(0);
  const undo = async (): Promise<void> => {
    for (let next = left.current[0]; next !== undefined; next = left.current[0]) {
      try {
        await call('passages.unmark', next);
      } catch (error) {
        // Another user has said something else since: that stays.
        if (!isApiError(error, 'changed-meanwhile')) throw error;
        kept.current += 1;
      }
      left.current.shift();
    }
    say(t('marks-undone', { kept: kept.current }));
    onClose();
  };
  return (
    <Dialog title={t('mark-act')} onClose={onClose}>
      <p role="status">{t('mark-many-done', countsOf(passages))}</p>
      <Refused of={passages} />
      <ActionBar of={[{ text: t('undo-all'), onAct: undo }]} />
    </Dialog>
  );
}

function Refused({ of }: { readonly of: readonly MarkedPassage[] }) {
  const points = of.flatMap(({ passage, refusal }) =>
    refusal === undefined
      ? []
      : [
          <li key={passage}>
            <a href={`/passages/${passage}`}>{passage}</a> {sentence(refusal.message)}
          </li>,
        ],
  );
  return points.length > 0 && <ul class="points">{points}</ul>;
}

function countsOf(passages: readonly MarkedPassage[]) {
  const counts = { marked: 0, unchanged: 0, refused: 0 };
  for (const { outcome } of passages) counts[outcome] += 1;
  return counts;
}
