import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, isApiError, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/now.json';
import { Remedy, sentence } from '../../parts/fault.js';
import { Empty } from '../../parts/page.js';
import { Picture } from '../../parts/picture.js';
import { outcomeWord } from '../../parts/terms.js';
import { ago, percent } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { CameraBadge } from '../cameras/camera-state.js';

const t = wordsOf<typeof en>('now');

type Camera = Output<'status.show'>['cameras'][number];

/** A fresh still each time: taking one costs a part of a frame's analysis, and leaves an entry in the audit log. */
const stillEveryMs = 20_000;

/** A tile for each camera: its picture, what goes on, and why it is red and what to do. */
export function CameraTiles({ cameras }: { readonly cameras: readonly Camera[] }) {
  if (cameras.length === 0) {
    return (
      <Empty>
        <p>{t('no-cameras')}</p>
        {can('cameras:write') && <a href="/cameras/add">{t('add-camera')}</a>}
      </Empty>
    );
  }
  return (
    <ul class="cards" aria-label={t('cameras')}>
      {cameras.map((camera) => (
        <Tile key={camera.id} camera={camera} />
      ))}
    </ul>
  );
}

function Tile({ camera }: { readonly camera: Camera }) {
  const { id, name, state, message, remedy, damage, viewers, passages, counters } = camera;
  const still = useStill(id, state === 'streaming' && can('live:watch'));
  const dropped = counters['dropped'] ?? 0;
  const due = dropped + (counters['analysed'] ?? 0);
  const fault = message !== undefined ? { message, remedy } : damage;
  return (
    <li class="card tile">
      {can('live:watch') && (
        <Picture src={still} alt={t('still', { camera: name })} class="wide" absent="camera" />
      )}
      <header class="card-head">
        <h2>{can('cameras:read') ? <a href={`/cameras/${encodeURIComponent(id)}`}>{name}</a> : name}</h2>
        <CameraBadge camera={camera} />
      </header>
      {fault !== undefined && (
        <>
          <p>{sentence(fault.message)}</p>
          {fault.remedy !== undefined && <Remedy>{sentence(fault.remedy)}</Remedy>}
        </>
      )}
      <p class="quiet">
        {t('passages-day', { count: passages.count })}
        {dropped > 0 && ` · ${t('dropped', { share: percent(dropped / due, 1) })}`}
        {viewers !== undefined && ` · ${t('watched', { count: viewers })}`}
      </p>
      {can('passages:read') && <LastPassage camera={id} passages={passages.count} />}
    </li>
  );
}

/** Fetched anew only when there was another passage. */
function LastPassage({ camera, passages }: { readonly camera: string; readonly passages: number }) {
  const list = useList('passages.list', { camera, limit: 1 }, { isWanted: passages > 0 });
  const [last] = list.items;
  const shown = useSignal(passages);
  useEffect(() => {
    if (shown.value === passages) return;
    shown.value = passages;
    void list.reload();
  }, [passages]);
  if (last === undefined || 'unreadable' in last) return null;
  return (
    <p class="quiet">
      <a href={`/passages/${encodeURIComponent(last.id)}`}>
        {t('last-passage', { ago: ago(last.lastSeenAt), what: outcomeWord(last.outcome) })}
      </a>
    </p>
  );
}

/** The address of a fresh picture of a camera; the one before until there is another. */
function useStill(id: string, isWanted: boolean): string | undefined {
  const address = useSignal<string | undefined>(undefined);
  useEffect(() => {
    if (!isWanted) return;
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const take = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const picture = await call('cameras.snapshot', { id }, { signal: over.signal });
          if (address.value !== undefined) URL.revokeObjectURL(address.value);
          address.value = URL.createObjectURL(picture);
        } catch (error) {
          // The tile tells the state of its camera; a picture that failed comes with the next turn.
          if (!over.signal.aborted && !isApiError(error)) throw error;
        }
      }
      if (!over.signal.aborted) timer = setTimeout(() => void take(), stillEveryMs);
    };
    void take();
    return () => {
      over.abort();
      clearTimeout(timer);
      if (address.value !== undefined) URL.revokeObjectURL(address.value);
      address.value = undefined;
    };
  }, [id, isWanted]);
  return address.value;
}
