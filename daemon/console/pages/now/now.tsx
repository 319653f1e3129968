import { brokerNotConfigured } from '../../../kernel/broker.js';
import type { Output } from '../../api/call.js';
import { isConnected } from '../../api/connection.js';
import { can, me } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/now.json';
import { Icon } from '../../parts/icon.js';
import { Badge, Loaded, PageHead } from '../../parts/page.js';
import { brokerWord, conditionWord } from '../../parts/terms.js';
import { dayAndTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { CameraTiles } from './camera-tiles.js';
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
