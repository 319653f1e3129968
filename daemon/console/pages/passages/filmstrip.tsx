import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PassageItem } from '../../../contract/passages.js';
import { addressOf } from '../../api/call.js';
import { can } from '../../api/session.js';
import type { FetchedList } from '../../api/use-fetched.js';
import type partTexts from '../../messages/en/parts.json';
import type en from '../../messages/en/passages.json';
import type { Cameras } from '../../parts/camera-choice.js';
import { useKeys } from '../../parts/keys.js';
import { useRowsInView } from '../../parts/long-table.js';
import { Empty, Loading } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { Picture } from '../../parts/shown-picture.js';
import { OutcomeBadge, reasonWord } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { clockSeconds, dayOf } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { MarkPassage, mayMark } from './mark-passage.js';
import { AddReference, mayAddReference } from './passage-as-reference.js';
import { isReadable, whoOf } from './passage-item.js';

const t = wordsOf<typeof en>('passages');
const parts = wordsOf<typeof partTexts>('parts');

/** Height of a row of cards with the gap below it; `.film li` has the rest of it. */
const rowPx = 272;
const leastWidthPx = 168;
const gapPx = 12;
/** Rows beyond the view that are drawn, too. */
const beyond = 2;
/** The next page is fetched this many rows before the end. */
const ahead = 8;

interface FilmstripProps {
  readonly list: FetchedList<PassageItem>;
  readonly cameras: Cameras;
}

/** Passages as cards in a grid of any length: only the rows in view are drawn. Arrow keys move the focus from card to card. */
export function Filmstrip({ list, cameras }: FilmstripProps) {
  const grid = useRef<HTMLUListElement>(null);
  const { from, to, widthPx } = useRowsInView(grid, { rowPx, beyond, isShown: list.items.length > 0 });
  const columns = Math.max(1, Math.floor((widthPx + gapPx) / (leastWidthPx + gapPx)));
  const focused = useSignal<number | undefined>(undefined);
  const marking = useDialog<PassageItem>();
  const { items, hasMore } = list;
  const taking = useDialog<PassageItem>();
  const rows = Math.ceil(items.length / columns);
  useEffect(() => {
    if (hasMore && to + ahead > rows) list.more();
  });
  const wanted = focused.value;
  const go = (to: number): void => {
    const next = Math.min(items.length - 1, Math.max(0, to));
    focused.value = next;
    scrollToRow(grid.current, Math.floor(next / columns));
  };
  // From elsewhere, the focus comes to the first card in view.
  const step = (by: number): void =>
    go(wanted === undefined ? firstRow(grid.current) * columns : wanted + by);
  const passage = items[wanted ?? -1];
  useKeys(t('title'), [
    { key: 'j', text: parts('key-next'), onPress: () => step(1) },
    { key: 'k', text: parts('key-previous'), onPress: () => step(-1) },
    {
      ...{ key: 'm', text: t('key-mark'), isOffered: can('passages:write') },
      onPress: () => passage !== undefined && mayMark(passage) && marking.open(passage),
    },
    {
      ...{ key: 'r', text: t('key-reference'), isOffered: can('persons:write', 'passages:pictures') },
      onPress: () => passage !== undefined && mayAddReference(passage) && taking.open(passage),
    },
  ]);
  // The wanted card may be drawn only after its row has come into view.
  useEffect(() => {
    const card = grid.current?.querySelector<HTMLElement>(`[data-index="${wanted}"]`);
    if (card !== document.activeElement) card?.focus({ preventScroll: true });
  });
  if (items.length === 0) {
    if (list.fault !== undefined) return <Fault error={list.fault} onRetry={() => void list.reload()} />;
    return list.isLoading ? <Loading /> : <Empty>{t('empty')}</Empty>;
  }
  const first = Math.min(from, Math.max(0, rows - 1)) * columns;
  const drawn = items.slice(first, to * columns);
  const press = (event: KeyboardEvent): void => {
    const by = stepOf(event, columns);
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(by);
  };
  return (
    <>
      <p class="quiet count">{t('keys')}</p>
      <ul
        ref={grid}
        class="film"
        aria-label={t('title')}
        onKeyDown={press}
        onFocusIn={({ target }) => {
          focused.value = indexOf(target);
        }}
        onFocusOut={({ target, relatedTarget }) => {
          const isInside = relatedTarget instanceof Node && grid.current?.contains(relatedTarget) === true;
          // A card that scrolled out of view keeps its place.
          if (!isInside && target instanceof Node && target.isConnected) focused.value = undefined;
        }}
        style={{
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          paddingBlockStart: `${(first / columns) * rowPx}px`,
          paddingBlockEnd: `${Math.max(0, rows - to) * rowPx}px`,
        }}
      >
        {drawn.map((passage, index) => (
          <li key={passage.number}>
            <Card passage={passage} index={first + index} cameras={cameras} />
          </li>
        ))}
      </ul>
      <Fault error={list.fault} onRetry={() => void list.retry()} />
      {list.isLoading && <Loading />}
      {marking.of && <MarkPassage passage={marking.of} onClose={marking.closes()} />}
      {taking.of && <AddReference passage={taking.of} onClose={taking.closes()} />}
    </>
  );
}

interface CardProps {
  readonly passage: PassageItem;
  readonly index: number;
  readonly cameras: Cameras;
}

function Card({ passage, index, cameras }: CardProps) {
  const href = `/passages/${passage.id}`;
  if (!isReadable(passage)) {
    return (
      <a class="shot" href={href} data-index={index}>
        <Picture src={undefined} alt="" />
        <span>{t('unreadable')}</span>
      </a>
    );
  }
  const { id, startedAt, camera, outcome, reason } = passage;
  const who = whoOf(passage);
  return (
    <a class="shot" href={href} data-index={index}>
      <Picture
        src={can('passages:pictures') ? addressOf('passages.picture', { passage: id }) : undefined}
        alt=""
        absent="passage"
      />
      <OutcomeBadge outcome={outcome} />
      <strong>{who === '' ? t('unknown') : who}</strong>
      <span class="quiet">{reasonWord(reason, outcome)}</span>
      <span class="quiet">
        {cameras.nameOf(camera)} · {dayOf(startedAt)} {clockSeconds(startedAt)}
      </span>
    </a>
  );
}

/** The first row whose upper edge is in view. */
const firstRow = (grid: HTMLElement | null): number =>
  Math.max(0, Math.ceil(-(grid?.getBoundingClientRect().top ?? 0) / rowPx));

/** How far a key moves the focus; undefined for other keys. */
function stepOf({ key }: KeyboardEvent, columns: number): number | undefined {
  const isMirrored = document.documentElement.dir === 'rtl';
  const steps: Readonly<Record<string, number>> = {
    ...{ ArrowRight: isMirrored ? -1 : 1, ArrowLeft: isMirrored ? 1 : -1 },
    ...{ ArrowDown: columns, ArrowUp: -columns },
  };
  return steps[key];
}

function indexOf(target: EventTarget | null): number | undefined {
  const text = target instanceof HTMLElement ? target.dataset['index'] : undefined;
  return text === undefined ? undefined : Number(text);
}

/** Brings a row into view, which draws it. */
function scrollToRow(grid: HTMLElement | null, row: number): void {
  if (grid === null) return;
  const top = grid.getBoundingClientRect().top + row * rowPx;
  if (top >= 0 && top + rowPx <= globalThis.innerHeight) return;
  globalThis.scrollBy(0, top < 0 ? top - gapPx : top + rowPx - globalThis.innerHeight + gapPx);
}
