import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { type ApiError, isApiError } from '../../api/call.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/review.json';
import { type Cameras, useCameras } from '../../parts/camera-choice.js';
import { type Key, useKeys } from '../../parts/keys.js';
import { Badge, Empty, Loading, PageHead } from '../../parts/page.js';
import { waitingHere } from '../../parts/review-count.js';
import { Fault } from '../../parts/shown-fault.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { answerText, choicesOf, placeOf, questionOf, reviewBox } from './review-answers.js';
import { Evidence } from './review-evidence.js';
import type { Answer, Entry, Failure, ReviewQueue } from './review-queue.js';
import { queueOfUser } from './review-session.js';

const t = wordsOf<typeof en>('review');

/** How often the queue asks what is new, and what others have answered. */
const againMs = 20_000;
/** With fewer items left, the next ones are fetched at once. */
const fewLeft = 15;
/** Items beside the shown one that are drawn out of sight, so that their images are there when they come. */
const drawnAhead = 3;

/** What needs a person: one item at a time, answered with one key. */
export default function Review() {
  const queue = useMemo(queueOfUser, []);
  const { fault, reload } = useRefreshed(queue);
  const cameras = useCameras();
  const entry = queue.current.value;
  const isAtEnd = entry === undefined && queue.isLoaded.value && !queue.hasMore.value;
  const place = useRef<HTMLDivElement>(null);
  const { route } = useLocation();
  useEffect(() => {
    waitingHere.value = queue.isLoaded.value && !queue.hasMore.value ? queue.waiting.value : undefined;
  });
  useEffect(
    () => () => {
      waitingHere.value = undefined;
    },
    [],
  );
  useFocusOnItem(place, entry?.item.id);
  useKeys(t('title'), keysOf(queue, entry, route));
  return (
    <div class="review" ref={place} tabIndex={-1}>
      <PageHead title={t('title')} lead={t('lead')} />
      <Fault error={fault} onRetry={() => void reload()} />
      <Failed queue={queue} />
      {queue.isLoaded.value && <Progress queue={queue} />}
      {queue.ahead.value.slice(0, entry === undefined ? 0 : 1 + drawnAhead).map((each) => (
        <Item
          key={each.item.id}
          entry={each}
          isShown={each === entry}
          cameras={cameras}
          onAnswer={(answer) => queue.answer(answer)}
        />
      ))}
      {isAtEnd && <Nothing queue={queue} />}
      {entry === undefined && !isAtEnd && fault === undefined && <Loading />}
    </div>
  );
}

/** Loads the queue, and again while the page is visible. */
function useRefreshed(queue: ReviewQueue) {
  const fault = useSignal<ApiError | undefined>(undefined);
  const reload = async (): Promise<void> => {
    try {
      await queue.load();
      fault.value = undefined;
    } catch (error) {
      if (!isApiError(error)) throw error;
      fault.value = error;
    }
  };
  useEffect(() => {
    void reload();
    const timer = setInterval(() => {
      if (!document.hidden) void reload();
    }, againMs);
    return () => clearInterval(timer);
  }, []);
  const isShort = queue.hasMore.value && queue.waiting.value < fewLeft && queue.pending.value === 0;
  useEffect(() => {
    if (isShort) void reload();
  }, [isShort]);
  return { fault: fault.value, reload };
}

/** What each key does now. */
function keysOf(queue: ReviewQueue, entry: Entry | undefined, route: (href: string) => void): readonly Key[] {
  const choices = entry === undefined || entry.isGone === true ? [] : choicesOf(entry.item);
  const isShown = entry !== undefined;
  const keys: readonly Key[] = [
    ...choices.map(({ key, text, answer }) => ({ key, text, onPress: () => queue.answer(answer) })),
    { key: 's', text: t('skip'), isOffered: isShown, onPress: () => queue.answer({ is: 'skipped' }) },
    {
      key: 'o',
      text: t('key-open'),
      isOffered: isShown,
      onPress: () => entry && route(placeOf(entry.item).href),
    },
    { key: 'z', text: t('undo'), onPress: () => queue.undo() },
    { key: 'ArrowLeft', text: t('back'), onPress: () => queue.back() },
    { key: 'ArrowRight', text: t('key-next'), onPress: () => queue.forward() },
  ];
  return keys.map((key) => ({ ...key, isOnce: true }));
}

/** The next item gets the focus, so that keys go on working and screen readers say what it asks. */
function useFocusOnItem(place: { readonly current: HTMLElement | null }, id: string | undefined): void {
  const isBegun = useRef(false);
  useEffect(() => {
    // The head of the page has the focus first.
    if (!isBegun.current) {
      isBegun.current = id !== undefined;
      return;
    }
    const heading = place.current?.querySelector<HTMLElement>('article:not([hidden]) h2');
    (heading ?? place.current)?.focus({ preventScroll: true });
  }, [id]);
}

/** How far the user is, and what can be undone. */
function Progress({ queue }: { readonly queue: ReviewQueue }) {
  const last = queue.last.value;
  return (
    <div class="review-bar">
      <p class="quiet">
        {t(queue.hasMore.value ? 'progress-more' : 'progress', {
          waiting: queue.waiting.value,
          answered: queue.answered.value,
        })}
      </p>
      <div class="acts">
        <KeyButton keyName="←" isReady={!queue.isFirst.value} onAct={() => queue.back()}>
          {t('back')}
        </KeyButton>
        <KeyButton keyName="Z" isReady={last !== undefined} onAct={() => queue.undo()}>
          {last?.answer === undefined ? t('undo') : t('undo-what', { what: answerText(last.answer) })}
        </KeyButton>
      </div>
    </div>
  );
}

/** An answer that did not reach the box, or that could not be taken back: the queue is as the box has it. */
function Failed({ queue }: { readonly queue: ReviewQueue }) {
  const failure = queue.failure.value;
  if (failure === undefined || !isApiError(failure.error)) return null;
  return (
    <>
      <p role="alert">{t(failureKey(failure), { what: questionOf(failure.item) })}</p>
      <Fault error={failure.error} />
    </>
  );
}

function failureKey({ error, standing }: Failure): 'overtaken' | 'not-undone' | 'not-saved' {
  if (reviewBox.isOvertaken(error)) return 'overtaken';
  return standing === undefined ? 'not-saved' : 'not-undone';
}

interface ItemProps {
  readonly entry: Entry;
  readonly isShown: boolean;
  readonly cameras: Cameras;
  readonly onAnswer: (answer: Answer) => void;
}

function Item({ entry: { item, answer, isGone = false }, isShown, cameras, onAnswer }: ItemProps) {
  const { href, text } = placeOf(item);
  return (
    <article class="card" hidden={!isShown}>
      <header class="card-head">
        <h2 tabIndex={-1}>{questionOf(item)}</h2>
        <Badge tone={item.kind === 'camera' ? 'bad' : 'warn'}>{t(`kind-${item.kind}`)}</Badge>
      </header>
      {isGone && <p role="status">{t('gone')}</p>}
      {answer && <p role="note">{t('your-answer', { what: answerText(answer) })}</p>}
      <Evidence item={item} cameras={cameras} />
      <div class="review-choices" role="toolbar" aria-label={t('answers')}>
        {(isGone ? [] : choicesOf(item)).map(({ key, text: said, answer: given }, index) => (
          <KeyButton key={key} keyName={key.toUpperCase()} isMain={index === 0} onAct={() => onAnswer(given)}>
            {said}
          </KeyButton>
        ))}
        <KeyButton keyName="S" onAct={() => onAnswer({ is: 'skipped' })}>
          {t('skip')}
        </KeyButton>
        <a class="link-button" href={href}>
          {text} <kbd>O</kbd>
        </a>
      </div>
    </article>
  );
}

/** A button that shows the key that does the same. */
function KeyButton({
  keyName,
  isReady = true,
  isMain = false,
  onAct,
  children,
}: {
  readonly keyName: string;
  readonly isReady?: boolean;
  readonly isMain?: boolean;
  readonly onAct: () => void;
  readonly children: ComponentChildren;
}) {
  return (
    <button type="button" class={isMain ? '' : 'secondary'} disabled={!isReady} onClick={onAct}>
      {children} <kbd>{keyName}</kbd>
    </button>
  );
}

/** The queue is empty. */
function Nothing({ queue }: { readonly queue: ReviewQueue }) {
  const counts = useFetched('review.counts', {}).value;
  const pending = queue.pending.value;
  if (pending > 0) {
    return (
      <Empty>
        <p>{t('sending', { count: pending })}</p>
      </Empty>
    );
  }
  if (counts?.kinds.length === 0) {
    return (
      <Empty>
        <p>{t('nothing-for-you')}</p>
      </Empty>
    );
  }
  return (
    <Empty>
      <p>{t(queue.answered.value > 0 ? 'all-done' : 'nothing')}</p>
      {counts !== undefined && (
        <p class="quiet">
          {counts.lastAt === undefined ? t('none-lately') : t('last-at', { time: dayAndTime(counts.lastAt) })}
        </p>
      )}
      <p>
        <a href="/system/approvals">{t('to-approvals')}</a>
      </p>
    </Empty>
  );
}
