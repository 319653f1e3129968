import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/timeline.json';
import { Picture } from '../../parts/shown-picture.js';
import { OutcomeBadge } from '../../parts/term-words.js';
import { wordsOf } from '../../words/words.js';
import type { FoundMark } from './mark-order.js';
import { clockAt } from './timeline-clock.js';
import { whoIs } from './timeline-words.js';

const t = wordsOf<typeof en>('timeline');

interface GlanceProps {
  readonly mark: FoundMark;
  /** True: it follows the cursor, and cannot be clicked. */
  readonly isHover: boolean;
  /** The cursor stays here. The box notes who looks at which picture, so none is fetched on the way. */
  readonly isSettled: boolean;
}

/** The passage beside the cursor: its picture, what the box decided, who and when. */
export function PassageGlance({ mark: { passage, group }, isHover, isSettled }: GlanceProps) {
  const { id, outcome, atMs } = passage;
  const others = group.passages.length - 1;
  const who = whoIs(passage);
  return (
    <>
      {can('passages:pictures') && <GlancePicture key={id} id={id} isWanted={isSettled} />}
      <OutcomeBadge outcome={outcome} />
      {who !== '' && <strong>{who}</strong>}
      <span class="quiet">{clockAt(atMs)}</span>
      {others > 0 && <span class="quiet">{t('and-others', { count: others })}</span>}
      {!isHover && <a href={`/passages/${id}`}>{t('open')}</a>}
    </>
  );
}

/** A picture whose fetching ends when the cursor moves on. */
function GlancePicture({ id, isWanted }: { readonly id: string; readonly isWanted: boolean }) {
  const { value } = useFetched('passages.picture', { passage: id }, { isWanted });
  const src = useSignal<string | undefined>(undefined);
  useEffect(() => {
    if (value === undefined) return;
    const url = URL.createObjectURL(value);
    src.value = url;
    return () => URL.revokeObjectURL(url);
  }, [value]);
  return <Picture src={src.value} alt="" absent="passage" class="glance-picture" />;
}
