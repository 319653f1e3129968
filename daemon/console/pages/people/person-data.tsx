import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { PersonDetail } from '../../../contract/person.js';
import type { ErasureCertificate, ExportedLine } from '../../../contract/persons.js';
import { call, readLines } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Facts, Progress, Section } from '../../parts/page.js';
import { saveFile } from '../../parts/save-file.js';
import { zipOf } from '../../parts/zip-file.js';
import { dayAndTime, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

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

/** Everything that the box has of a person, as an archive for that person. @throws ApiError */
async function archiveOf(id: string): Promise<Blob> {
  const files = new Map<string, Blob>();
  const lists = new Map<string, unknown[]>(
    ['templates', 'attendance', 'passages', 'corrections', 'evidence', 'audit'].map((name) => [name, []]),
  );
  const json = (path: string, value: unknown): void => {
    files.set(path, new Blob([`${JSON.stringify(value, undefined, 2)}\n`]));
  };
  files.set('README.txt', new Blob([`${t('archive-readme', { id })}\n`]));
  for await (const line of readLines('persons.export', { id })) {
    if (line.kind === 'person') json('person.json', line.person);
    const picture = pictureOf(line);
    if (picture !== undefined) files.set(...picture);
    const listed = listedOf(line);
    if (listed !== undefined) lists.get(listed[0])?.push(listed[1]);
  }
  for (const [name, list] of lists) json(`${name}.json`, list);
  return await zipOf(files);
}

function pictureOf(line: ExportedLine): readonly [path: string, jpeg: Blob] | undefined {
  if (line.kind !== 'photograph' && line.kind !== 'evidence') return undefined;
  const folder = line.kind === 'photograph' ? 'photographs' : 'evidence';
  const jpeg = Uint8Array.from(atob(line.jpegBase64), (byte) => byte.charCodeAt(0));
  return [`${folder}/${line.id}.jpg`, new Blob([jpeg])];
}

/** The list that a line belongs to, and what it adds. */
function listedOf(line: ExportedLine): readonly [list: string, item: unknown] | undefined {
  switch (line.kind) {
    case 'template': {
      const { kind: _, ...template } = line;
      return ['templates', template];
    }
    case 'evidence': {
      const { kind: _, jpegBase64: __, ...evidence } = line;
      return ['evidence', evidence];
    }
    case 'event':
      return ['attendance', line.event];
    case 'passage':
      return ['passages', line.passage];
    case 'correction':
      return ['corrections', line.correction];
    case 'audit-entry':
      return ['audit', line.entry];
    case 'person':
    case 'photograph':
      return undefined;
  }
}
