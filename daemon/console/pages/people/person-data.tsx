import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { PersonDetail } from '../../../contract/person.js';
import type { ErasureCertificate } from '../../../contract/persons.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Facts, Progress, Section } from '../../parts/page.js';
import { saveFile } from '../../parts/save-file.js';
import { dayAndTime, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { archiveOf } from './person-archive.js';

const t = wordsOf<typeof en>('person');

type Ending = 'remove' | 'withdraw' | 'erase';

interface PersonDataProps {
  readonly person: PersonDetail;
  readonly onChanged: () => Promise<void>;
}

/** A copy of the data, and the ways to end their use. */
export function PersonData({ person, onChanged }: PersonDataProps) {
  const { route } = useLocation();
  const open = useSignal<Ending | undefined>(undefined);
  const certificate = useSignal<ErasureCertificate | undefined>(undefined);
  const ask = (ending: Ending) => () => {
    open.value = ending;
  };
  const isWithdrawn = person.consentState === 'withdrawn';
  const close = (): void => {
    open.value = undefined;
  };
  return (
    <Section title={t('data')}>
      <div class="stack">
        {can('persons:export') && <Export person={person} />}
        {can('persons:write') && person.state === 'active' && (
          <button type="button" class="secondary" onClick={ask('remove')}>
            {t('remove')}
          </button>
        )}
        {can('persons:write') && person.state === 'removed' && !isWithdrawn && (
          <Restore person={person} onChanged={onChanged} />
        )}
        {can('persons:erase') && !isWithdrawn && (
          <button type="button" class="secondary" onClick={ask('withdraw')}>
            {t('withdraw')}
          </button>
        )}
        {can('persons:erase') && (
          <button type="button" class="danger" onClick={ask('erase')}>
            {t('erase')}
          </button>
        )}
      </div>
      {open.value !== undefined && (
        <EndingDialog
          ending={open.value}
          person={person}
          onCertificate={(given) => {
            certificate.value = given;
          }}
          onClose={(isDone) => {
            const isGone = open.value === 'erase';
            close();
            if (isDone && !isGone) void onChanged();
          }}
        />
      )}
      {certificate.value !== undefined && (
        <Certificate
          of={certificate.value}
          onClose={() => {
            const isGone = certificate.value?.scope === 'person';
            certificate.value = undefined;
            if (isGone) route('/people');
          }}
        />
      )}
    </Section>
  );
}

function Export({ person: { id } }: { readonly person: PersonDetail }) {
  const doing = useAct();
  const save = async (): Promise<void> => saveFile(await archiveOf(id), `${id}.zip`);
  return (
    <>
      <button
        type="button"
        class="secondary"
        aria-busy={doing.isRunning}
        onClick={() => void doing.run(save)}
      >
        {t('export')}
      </button>
      <small class="quiet">{t('export-what')}</small>
      {doing.isRunning && <Progress done={undefined} label={t('exporting')} />}
      <Fault error={doing.fault} />
    </>
  );
}

function Restore({ person: { id }, onChanged }: PersonDataProps) {
  const doing = useAct();
  const restore = async (): Promise<void> => {
    const { outcome } = await call('persons.restore', { id });
    say(outcome === 'restored' ? t('restored') : t('not-restored'));
    await onChanged();
  };
  return (
    <>
      <button
        type="button"
        class="secondary"
        aria-busy={doing.isRunning}
        onClick={() => void doing.run(restore)}
      >
        {t('restore')}
      </button>
      <Fault error={doing.fault} />
    </>
  );
}

interface EndingDialogProps {
  readonly ending: Ending;
  readonly person: PersonDetail;
  readonly onCertificate: (certificate: ErasureCertificate) => void;
  readonly onClose: (isDone: boolean) => void;
}

/** What an ending is called, and what it loses. */
const wordsOfEnding = (ending: Ending, { name, templates, photographs }: PersonDetail) => {
  const lost = { templates, photographs };
  return {
    remove: { title: t('remove-title', { name }), what: t('remove-what') },
    withdraw: { title: t('withdraw-title', { name }), what: t('withdraw-what', lost) },
    erase: { title: t('erase-title', { name }), what: t('erase-what', lost) },
  }[ending];
};

/** Says what an ending loses, and carries it out. */
function EndingDialog({ ending, person, onCertificate, onClose }: EndingDialogProps) {
  const { id } = person;
  const { title, what } = wordsOfEnding(ending, person);
  const act = async (): Promise<void> => {
    if (ending === 'remove') await call('persons.remove', { id });
    if (ending === 'withdraw') onCertificate(await call('persons.withdraw-consent', { id }));
    if (ending === 'erase') onCertificate(await call('persons.erase', { id }));
  };
  return (
    <Confirm title={title} act={t(ending)} isDestructive onAct={act} onClose={onClose}>
      <p>{what}</p>
    </Confirm>
  );
}

/** What was erased, with the certificate as a file. */
function Certificate({
  of: certificate,
  onClose,
}: {
  readonly of: ErasureCertificate;
  readonly onClose: () => void;
}) {
  const { personId, scope, erasedAt, by, auditSequence, auditHash, what } = certificate;
  const save = (): void => {
    const text = `${JSON.stringify(certificate, undefined, 2)}\n`;
    saveFile(new Blob([text], { type: 'application/json' }), `erasure-${personId}.json`);
  };
  return (
    <Dialog title={t('certificate')} onClose={onClose}>
      <p>{t(`erased-${scope}`)}</p>
      <Facts
        of={[
          [t('id'), personId],
          [t('erased-at'), dayAndTime(erasedAt)],
          [t('erased-by'), by],
          [t('erased-templates'), number(what.templates)],
          [t('erased-photographs'), number(what.photographs)],
          [t('erased-evidence'), number(what.evidence)],
          [t('erased-passages'), number(what.passages)],
          [t('audit-entry'), String(auditSequence)],
          [t('audit-hash'), <code key="hash">{auditHash}</code>],
        ]}
      />
      <footer class="acts">
        <button type="button" class="secondary" onClick={onClose}>
          {t('close')}
        </button>
        <button type="button" onClick={save}>
          {t('save-certificate')}
        </button>
      </footer>
    </Dialog>
  );
}
