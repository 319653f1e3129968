import { useSignal } from '@preact/signals';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/identity.json';
import { say } from '../../parts/notes.js';
import { Facts, Loaded, PageHead, Section, toSystem } from '../../parts/page.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { Trust } from './trusted-centres.js';

const t = wordsOf<typeof en>('identity');

type Identity = Output<'identity.show'>;

/** Who the box is for the readers of its events, and whom it obeys. */
export default function IdentityPage() {
  const identity = useFetched('identity.show', {});
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} back={toSystem()} />
      <div class="in-order">
        <Loaded of={identity}>{(value) => <Own of={value} onRotated={identity.put} />}</Loaded>
        {can('trust:read') && <Trust />}
      </div>
    </>
  );
}

function Own({ of, onRotated }: { readonly of: Identity; readonly onRotated: (identity: Identity) => void }) {
  const note = useSignal<string | undefined>(undefined);
  const rotate = async (): Promise<void> => {
    const rotated = await call('identity.rotate');
    note.value = rotated.note;
    onRotated(rotated);
    say(t('rotated'));
  };
  return (
    <Section
      title={t('identity')}
      actions={[
        {
          text: t('rotate'),
          isOffered: can('identity:write'),
          ask: { title: t('rotate-title'), text: t('rotate-what'), isDestructive: true },
          onAct: rotate,
        },
      ]}
    >
      <Facts
        of={[
          [t('site'), of.site],
          [t('box'), of.box],
          [t('fingerprint'), <code key="print">{of.fingerprint}</code>],
          [t('key-id'), <code key="id">{of.keyId}</code>],
          [t('since'), dayAndTime(of.since)],
          [t('gate-certificate'), of.gateCertificate && <code>{of.gateCertificate.fingerprint}</code>],
        ]}
      />
      <p class="quiet">{t('compare')}</p>
      {note.value && (
        <div role="status">
          <h3>{t('by-hand')}</h3>
          <p>{note.value}</p>
        </div>
      )}
      {of.former.length > 0 && <Former of={of.former} />}
      <details>
        <summary>{t('jwks')}</summary>
        <pre class="wrapped">{JSON.stringify(of.jwks, undefined, 2)}</pre>
      </details>
      <details>
        <summary>{t('key-set')}</summary>
        <pre class="wrapped">{of.keySet}</pre>
      </details>
    </Section>
  );
}

function Former({ of }: { readonly of: Identity['former'] }) {
  return (
    <>
      <h3>{t('former')}</h3>
      <ul class="rows">
        {of.map(({ keyId, fingerprint, since, until, isEndorsing }) => (
          <li key={keyId}>
            <div>
              <code>{fingerprint}</code>
              <small>
                {t('since')}: {dayAndTime(since)} · {t('until')}: {dayAndTime(until)}
              </small>
              <small>{t(isEndorsing ? 'endorses' : 'endorses-not')}</small>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
