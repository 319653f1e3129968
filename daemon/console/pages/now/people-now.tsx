import { call, type Line } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched, useLines } from '../../api/use-fetched.js';
import type en from '../../messages/en/now.json';
import { ActionBar } from '../../parts/actions.js';
import { useCameras } from '../../parts/camera-choice.js';
import { say } from '../../parts/notes.js';
import { Loaded, Section } from '../../parts/page.js';
import { NamedPerson } from '../../parts/person-link.js';
import { SeverityBadge } from '../../parts/term-words.js';
import { ago, clockTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('now');

const everyMs = 30_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const mostShown = 8;

type Row = Extract<Line<'attendance.today'>, { kind: 'row' }>['row'];

/** Who is in now, by shift, and how many are still expected. */
export function Present() {
  const today = useLines('attendance.today', {}, { everyMs });
  return (
    <Section title={t('present')} acts={<a href="/attendance">{t('to-attendance')}</a>}>
      <Loaded of={today}>
        {(lines) => <Shifts rows={lines.flatMap((each) => (each.kind === 'row' ? [each.row] : []))} />}
      </Loaded>
    </Section>
  );
}

function Shifts({ rows }: { readonly rows: readonly Row[] }) {
  const present = rows.filter(({ statuses }) => statuses.includes('present'));
  const expected = rows.filter(({ statuses }) => statuses.includes('expected')).length;
  const shifts = Map.groupBy(present, ({ shift }) => String(shift ?? ''));
  return (
    <>
      <p>
        {t('present-count', { count: present.length })} {expected > 0 && t('expected', { count: expected })}
      </p>
      {[...shifts].map(([shift, those]) => (
        <div key={shift}>
          <h3>{shift === '' ? t('no-shift') : shift}</h3>
          <ul class="plain-list">
            {those.map(({ person, name, firstIn, date }) => (
              <li key={`${person} ${date}`}>
                <NamedPerson id={person} name={name} />{' '}
                {firstIn !== null && <span class="quiet">{t('since', { time: clockTime(firstIn) })}</span>}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

/** The strangers of the last hour. */
export function StrangersNow() {
  const cameras = useCameras();
  // The hour goes on while the page is open. It changes only once a minute, because each change is fetched at once.
  const since = new Date(Math.floor(Date.now() / minuteMs) * minuteMs - hourMs).toISOString();
  const list = useFetched('strangers.list', { since, limit: mostShown, state: 'active' }, { everyMs });
  return (
    <Section title={t('strangers')} acts={<a href="/strangers">{t('to-strangers')}</a>}>
      <Loaded of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="quiet">{t('no-strangers')}</p>
          ) : (
            <>
              <p class="quiet">{t('strangers-hint')}</p>
              <ul class="plain-list">
                {items.map(({ id, visits, lastSeenAt, cameras: seenAt }) => (
                  <li key={id}>
                    <a href={`/strangers/${encodeURIComponent(id)}`}>
                      {seenAt.map(({ camera }) => cameras.nameOf(camera)).join(', ')}
                    </a>{' '}
                    <span class="quiet">{t('stranger-visits', { count: visits, ago: ago(lastSeenAt) })}</span>
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

/** Alerts that no user has acknowledged yet. */
export function AlertsToAnswer() {
  const list = useFetched('alerts.list', { limit: 100 }, { everyMs });
  const acknowledge = async (alert: string): Promise<void> => {
    await call('alerts.acknowledge', { alert });
    say(t('acknowledged'));
  };
  return (
    <Section title={t('alerts')} acts={<a href="/alerts">{t('to-alerts')}</a>}>
      <Loaded of={list}>
        {({ items }) => {
          const waiting = items.filter(
            ({ phase, acknowledgement }) => phase === 'raised' && acknowledgement === undefined,
          );
          if (waiting.length === 0) return <p class="quiet">{t('no-alerts')}</p>;
          return (
            <ul class="plain-list">
              {waiting.slice(0, mostShown).map(({ id, summary, severity, time }) => (
                <li key={id} class="row">
                  <span>
                    <SeverityBadge severity={severity} /> {summary} <span class="quiet">{ago(time)}</span>
                  </span>
                  <ActionBar
                    isSmall
                    of={[
                      {
                        text: t('acknowledge'),
                        isOffered: can('alerts:write'),
                        onAct: () => acknowledge(id),
                        onDone: list.reload,
                      },
                    ]}
                  />
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Section>
  );
}
