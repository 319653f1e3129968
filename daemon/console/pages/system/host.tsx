import type { Output } from '../../api/request.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/system.json';
import { Problem } from '../../parts/fault.js';
import { Badge, Empty, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { ago, bytes, dayOf } from '../../time/site-time.js';
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
      <PageHead title={t('host-title')} lead={t('host-lead')} back={{ href: '/system', text: t('title') }} />
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
  const { version, uptimeS, eventLoop } = status;
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
      ]}
    />
  );
}

function Directories({ of }: { readonly of: Host['directories'] }) {
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('directory')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col" class="figure">
              {t('free')}
            </th>
            <th scope="col" class="minor">
              {t('path')}
            </th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ what, path, fault, freeBytes }) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>
                <Badge tone={fault === undefined ? 'ok' : 'bad'}>
                  {t(`directory-${fault ?? 'writable'}`)}
                </Badge>
              </td>
              <td class="figure">{freeBytes !== undefined && bytes(freeBytes)}</td>
              <td class="minor">
                <code>{path}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Secrets({ of }: { readonly of: Host['secrets'] }) {
  if (of.length === 0) return <Empty>{t('no-secrets')}</Empty>;
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('secret')}</th>
            <th scope="col">{t('use')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col" class="minor">
              {t('source')}
            </th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ name, what, source, problem }) => (
            <tr key={`${what} ${name}`}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{what}</td>
              <td>
                <Badge tone={problem === undefined ? 'ok' : 'bad'}>
                  {problem === undefined ? t('usable') : t('not-usable')}
                </Badge>
                {problem && <Problem of={problem} />}
              </td>
              <td class="minor">{source && t(`from-${source}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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
