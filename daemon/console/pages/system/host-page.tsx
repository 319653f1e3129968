import { closableGaps } from '../../../kernel/isolation.js';
import type { Output } from '../../api/request.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/system.json';
import { Badge, Empty, Facts, Loaded, PageHead, Section, toSystem } from '../../parts/page.js';
import { Problem } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { ago, bytes, dayOf } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('system');

type Host = Output<'host.show'>;
type Status = Output<'status.show'>;

/** The machine as the box sees it. */
export default function HostPage() {
  const host = useFetched('host.show', {});
  const status = useFetched('status.show', {});
  return (
    <>
      <PageHead title={t('host-title')} lead={t('host-lead')} back={toSystem()} />
      <Section title={t('program')}>
        <Loaded of={status}>{(value) => <Program status={value} user={host.value?.user} />}</Loaded>
      </Section>
      <Loaded of={host}>
        {({ directories, secrets }) => (
          <>
            <Section title={t('directories')}>
              <Directories of={directories} />
            </Section>
            <Section title={t('secrets')}>
              <p class="quiet">{t('secrets-lead')}</p>
              <Secrets of={secrets} />
            </Section>
          </>
        )}
      </Loaded>
      {status.value?.gate !== undefined && (
        <Section title={t('certificate')}>
          <Certificate gate={status.value.gate} />
        </Section>
      )}
    </>
  );
}

function Program({ status, user }: { readonly status: Status; readonly user: Host['user'] | undefined }) {
  const { version, uptimeS, eventLoop, isolation } = status;
  const name = user?.name;
  return (
    <Facts
      of={[
        [t('program'), t('version', { version })],
        [t('running-for'), ago(new Date(Date.now() - uptimeS * 1000))],
        [
          t('runs-as'),
          user &&
            (name === undefined
              ? t('user-unnamed', { uid: String(user.uid) })
              : t('user-of', { name, uid: String(user.uid) })),
        ],
        [t('event-loop'), t('milliseconds', { ms: eventLoop.p99Ms })],
        [t('isolation'), isolation && <Isolation of={isolation} />],
      ]}
    />
  );
}

/** Units leave no gap that can be closed; a sandbox cannot do better. */
const isWeak = ({ level, gaps }: NonNullable<Status['isolation']>): boolean =>
  level === 'none' || (level === 'full' && closableGaps({ gaps }).length > 0);

/** How far camera processes are separated from the rest, and what that leaves open. */
function Isolation({ of }: { readonly of: NonNullable<Status['isolation']> }) {
  const { level, gaps, why } = of;
  return (
    <>
      <Badge tone={isWeak(of) ? 'warn' : 'ok'}>{t(`isolation-${level}`)}</Badge>
      {gaps.length > 0 && (
        <>
          <p class="quiet">{t('isolation-lead')}</p>
          <ul>
            {gaps.map((gap) => (
              <li key={gap}>{t(`gap-${gap}`)}</li>
            ))}
          </ul>
        </>
      )}
      {why && <Problem of={{ message: why.reason, remedy: why.remedy }} />}
    </>
  );
}

function Directories({ of }: { readonly of: Host['directories'] }) {
  return (
    <Table
      label={t('directories')}
      items={of}
      keyOf={({ what }) => what}
      columns={[
        { head: t('directory'), cell: ({ what }) => what },
        {
          head: t('state'),
          cell: ({ fault }) => (
            <Badge tone={fault === undefined ? 'ok' : 'bad'}>{t(`directory-${fault ?? 'writable'}`)}</Badge>
          ),
        },
        {
          head: t('free'),
          isFigure: true,
          cell: ({ freeBytes }) => freeBytes !== undefined && bytes(freeBytes),
        },
        { head: t('path'), isMinor: true, cell: ({ path }) => <code>{path}</code> },
      ]}
    />
  );
}

function Secrets({ of }: { readonly of: Host['secrets'] }) {
  if (of.length === 0) return <Empty>{t('no-secrets')}</Empty>;
  return (
    <Table
      label={t('secrets')}
      items={of}
      keyOf={({ name, what }) => `${what} ${name}`}
      columns={[
        { head: t('secret'), cell: ({ name }) => <code>{name}</code> },
        { head: t('use'), cell: ({ what }) => what },
        {
          head: t('state'),
          cell: ({ problem }) => (
            <>
              <Badge tone={problem === undefined ? 'ok' : 'bad'}>
                {problem === undefined ? t('usable') : t('not-usable')}
              </Badge>
              {problem && <Problem of={problem} />}
            </>
          ),
        },
        { head: t('source'), isMinor: true, cell: ({ source }) => source && t(`from-${source}`) },
      ]}
    />
  );
}

function Certificate({ gate }: { readonly gate: NonNullable<Status['gate']> }) {
  const { certificate, problem } = gate;
  return (
    <>
      {problem && <Problem of={problem} />}
      {certificate === undefined ? (
        <p>{t('no-certificate')}</p>
      ) : (
        <Facts
          of={[
            [
              t('state'),
              <Badge tone={certificate.state === 'in force' ? 'ok' : 'warn'}>
                {t(`certificate-${certificate.state}`)}
              </Badge>,
            ],
            [t('certificate-names'), certificate.names],
            [
              t('certificate-until'),
              `${dayOf(certificate.notAfter)} (${t('days-left', { days: certificate.daysLeft })})`,
            ],
            [t('made-by-box'), certificate.isMadeByBox ? t('by-box') : t('by-configuration')],
            [t('fingerprint'), <code>{certificate.fingerprint}</code>],
          ]}
        />
      )}
    </>
  );
}
