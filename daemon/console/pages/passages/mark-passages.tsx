import { useSignal } from '@preact/signals';
import type { MarkedPassage } from '../../../contract/passages.js';
import { call, isApiError } from '../../api/call.js';
import type en from '../../messages/en/passages.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { say } from '../../parts/notes.js';
import { sentence } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';
import { useMark } from './mark-passage.js';

const t = wordsOf<typeof en>('passages');

interface MarkPassagesProps {
  readonly ids: readonly string[];
  readonly onClose: (isDone: boolean) => void;
}

/** Says the same of many passages: the form, then what it would do to each, then the marks with a way to take them back. */
export function MarkPassages({ ids, onClose }: MarkPassagesProps) {
  const { said, fields } = useMark();
  const preview = useSignal<{ readonly key: string; readonly of: readonly MarkedPassage[] } | undefined>(
    undefined,
  );
  const done = useSignal<readonly MarkedPassage[] | undefined>(undefined);
  const key = JSON.stringify(said);
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
    <Dialog title={t('mark-many', { count: ids.length })} onClose={() => onClose(false)}>
      <Form
        act={planned === undefined ? t('mark-preview') : t('mark-many-act', { count: wanted.length })}
        onAct={go}
        isReady={said !== undefined && (planned === undefined || wanted.length > 0)}
        onCancel={() => onClose(false)}
      >
        {fields}
        <div role="status">{planned !== undefined && <p>{t('mark-previewed', countsOf(planned))}</p>}</div>
        <Refused of={planned ?? []} />
      </Form>
    </Dialog>
  );
}

/** What has become of each passage. */
function Marked({
  of: passages,
  onClose,
}: {
  readonly of: readonly MarkedPassage[];
  readonly onClose: () => void;
}) {
  const undo = async (): Promise<void> => {
    let kept = 0;
    for (const { passage, mark } of passages) {
      if (mark === undefined) continue;
      try {
        await call('passages.unmark', { passage, ifMark: mark.event });
      } catch (error) {
        // Another user has said something else since: that stays.
        if (!isApiError(error, 'changed-meanwhile')) throw error;
        kept += 1;
      }
    }
    say(t('marks-undone', { kept }));
    onClose();
  };
  return (
    <Dialog title={t('mark-act')} onClose={onClose}>
      <p role="status">{t('mark-many-done', countsOf(passages))}</p>
      <Refused of={passages} />
      <ActionBar
        of={[
          { text: t('undo-all'), onAct: undo },
          { text: t('close'), look: 'primary', onAct: onClose },
        ]}
      />
    </Dialog>
  );
}

function Refused({ of }: { readonly of: readonly MarkedPassage[] }) {
  return (
    <ul class="points">
      {of.map(
        ({ passage, refusal }) =>
          refusal !== undefined && (
            <li key={passage}>
              <a href={`/passages/${passage}`}>{passage}</a> {sentence(refusal.message)}
            </li>
          ),
      )}
    </ul>
  );
}

function countsOf(passages: readonly MarkedPassage[]) {
  const counts = { marked: 0, unchanged: 0, refused: 0 };
  for (const { outcome } of passages) counts[outcome] += 1;
  return counts;
}
