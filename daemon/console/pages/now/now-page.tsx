import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { brokerNotConfigured } from '../../../kernel/broker.js';
import { call, isApiError, type Output } from '../../api/call.js';
import { isConnected } from '../../api/connection.js';
import { can, me } from '../../api/session.js';
import { useFetched, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/now.json';
import { Icon } from '../../parts/icon.js';
import { Badge, Empty, Loaded, PageHead } from '../../parts/page.js';
import { Told } from '../../parts/shown-fault.js';
import { Picture } from '../../parts/shown-picture.js';
import { brokerWord, conditionWord, outcomeWord } from '../../parts/term-words.js';
import { ago, dayAndTime, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { CameraBadge } from '../cameras/camera-trouble.js';
import { droppedShare } from './dropped-share.js';
import { AlertsToAnswer, Present, StrangersNow } from './people-now.js';

const t = wordsOf<typeof en>('now');

const statusEveryMs = 5000;

/** What happens at the box at this moment, and what waits for a person. */
export default function Now() {
  const status = useFetched('status.show', {}, { everyMs: statusEveryMs });
  const site = me.value?.box.site ?? '';
  return (
    <>
      <PageHead title={t('title')} lead={t('lead', { time: dayAndTime(new Date()), site })} />
      <Loaded of={status}>
        {(box) => (
          <>
            <Health box={box} />
            <div class="columns">
              <CameraTiles cameras={box.cameras} />
              <div>
                {can('alerts:read') && <AlertsToAnswer />}
                {can('attendance:read') && <Present />}
                {can('strangers:read') && <StrangersNow />}
              </div>
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

type BoxStatus = Output<'status.show'>;

/** Faults that concern the box as a whole; those of cameras stand at their tiles. */
function faultsOf({
  vision,
  gallery,
  broker,
}: BoxStatus): readonly { what: string; remedy: string | undefined }[] {
  return [
    ...(gallery.state === 'sealed'
      ? [{ what: gallery.message ?? t('gallery-sealed'), remedy: gallery.remedy }]
      : []),
    ...(broker.message !== undefined ? [{ what: broker.message, remedy: broker.remedy }] : []),
    ...vision.flatMap(({ state, lastFailure }) =>
      state === 'degraded' && lastFailure !== undefined ? [{ what: lastFailure, remedy: undefined }] : [],
    ),
  ];
}

/** What is wrong, in one sentence for the box and one for the cameras. */
function healthText(faults: number, cameras: number): string {
  if (!isConnected.value) return t('silent');
  return [
    ...(faults > 0 ? [t('unhealthy', { count: faults })] : []),
    ...(cameras > 0 ? [t('cameras-failed', { count: cameras })] : []),
  ].join(' ');
}

/** The health of the box in one line; the faults below it, with what to do. */
function Health({ box }: { readonly box: BoxStatus }) {
  const faults = faultsOf(box);
  const conditions = box.conditions.filter((each) => each !== 'running');
  const count = Math.max(faults.length, conditions.length);
  const brokenCameras = box.cameras.filter(
    ({ message, damage }) => message !== undefined || damage !== undefined,
  ).length;
  const isWell = count === 0 && brokenCameras === 0 && isConnected.value;
  const { outbox, gallery, broker } = box;
  const hasBroker = broker.state !== brokerNotConfigured;
  return (
    <section class={`health ${isWell ? 'ok' : 'bad'}`} aria-label={t('title')}>
      <p class="line">
        <Icon name={isWell ? 'check' : 'warning'} />
        <strong>{isWell ? t('healthy') : healthText(count, brokenCameras)}</strong>
        {conditions.map((each) => (
          <Badge key={each} tone="bad">
            {conditionWord(each)}
            {box.conditionsAbout?.[each] !== undefined && ` (${box.conditionsAbout[each].join(', ')})`}
          </Badge>
        ))}
        <span class="quiet">
          {[
            ...(gallery.state === 'open' ? [t('persons', { count: gallery.persons })] : []),
            ...(hasBroker ? [t('outbox', { count: outbox.waiting })] : []),
            t('broker', { state: brokerWord(broker.state) }),
          ].join(' · ')}
        </span>
        {!isWell && <a href="/system/doctor">{t('to-doctor')}</a>}
      </p>
      {faults.map(({ what, remedy }) => (
        <p key={what}>
          {what}
          {remedy !== undefined && <span class="quiet"> {remedy}</span>}
        </p>
      ))}
    </section>
  );
}

type Camera = Output<'status.show'>['cameras'][number];

/** A fresh still each time: taking one costs a part of a frame's analysis, and leaves an entry in the audit log. */
const stillEveryMs = 20_000;

/** A tile for each camera: its picture, what goes on, and why it is red and what to do. */
function CameraTiles({ cameras }: { readonly cameras: readonly Camera[] }) {
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
  const { id, name, state, message, remedy, damage, lostStream, viewers, passages, counters } = camera;
  const still = useStill(id, state === 'streaming' && can('live:watch'));
  const dropped = droppedShare(counters);
  const fault = message !== undefined ? { message, remedy } : (damage ?? lostStream);
  return (
    <li class="card tile">
      {can('live:watch') && (
        <Picture src={still} alt={t('still', { camera: name })} class="wide" absent="camera" />
      )}
      <header class="card-head">
        <h2>{can('cameras:read') ? <a href={`/cameras/${encodeURIComponent(id)}`}>{name}</a> : name}</h2>
        <CameraBadge camera={camera} />
      </header>
      <Told {...fault} />
      <p class="quiet">
        {t('passages-day', { count: passages.count })}
        {dropped > 0 && ` · ${t('dropped', { share: percent(dropped, 1) })}`}
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
