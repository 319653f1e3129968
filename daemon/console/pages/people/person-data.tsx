import { useLocation } from 'preact-iso';
import type { ExportedLine } from '../../../contract/exported-lines.js';
import type { PersonDetail } from '../../../contract/person.js';
import type { ErasureCertificate } from '../../../contract/persons.js';
import { ApiError } from '../../api/api-error.js';
import { call, readLines } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { say } from '../../parts/notes.js';
import { Facts, Progress, Section } from '../../parts/page.js';
import { saveFile, saveJson } from '../../parts/save-file.js';
import { Fault } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { dayAndTime, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('person');

interface PersonDataProps {
  readonly person: PersonDetail;
  readonly onChanged: () => Promise<void>;
}

/** A copy of the data, and the ways to end their use. */
export function PersonData({ person, onChanged }: PersonDataProps) {
  const { route } = useLocation();
  const certificate = useDialog<ErasureCertificate>();
  const { id, name, templates, photographs, state } = person;
  const lost = { templates, photographs };
  const isWithdrawn = person.consentState === 'withdrawn';
  const restore = async (): Promise<void> => {
    const { outcome } = await call('persons.restore', { id });
    say(outcome === 'restored' ? t('restored') : t('not-restored'));
  };
  return (
    <Section title={t('data')}>
      <ActionBar
        place="stack"
        before={can('persons:export') && <Export person={person} />}
        of={[
          {
            text: t('remove'),
            isOffered: can('persons:write') && state === 'active',
            ask: { title: t('remove-title', { name }), text: t('remove-what'), isDestructive: true },
            onAct: () => call('persons.remove', { id }),
            onDone: onChanged,
          },
          {
            text: t('restore'),
            isOffered: can('persons:write') && state === 'removed' && !isWithdrawn,
            onAct: restore,
            onDone: onChanged,
          },
          {
            text: t('withdraw'),
            isOffered: can('persons:erase') && !isWithdrawn,
            ask: {
              title: t('withdraw-title', { name }),
              text: t('withdraw-what', lost),
              isDestructive: true,
            },
            onAct: async () => certificate.open(await call('persons.withdraw-consent', { id })),
            onDone: onChanged,
          },
          {
            text: t('erase'),
            look: 'danger',
            isOffered: can('persons:erase'),
            ask: { title: t('erase-title', { name }), text: t('erase-what', lost), isDestructive: true },
            onAct: async () => certificate.open(await call('persons.erase', { id })),
          },
        ]}
      />
      {certificate.of !== undefined && (
        <Certificate
          of={certificate.of}
          onClose={() => {
            const isGone = certificate.of?.scope === 'person';
            certificate.closes()();
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

/** What was erased, with the certificate as a file. */
function Certificate({
  of: certificate,
  onClose,
}: {
  readonly of: ErasureCertificate;
  readonly onClose: () => void;
}) {
  const { personId, scope, erasedAt, by, auditSequence, auditHash, what } = certificate;
  return (
    <Dialog title={t('certificate')} onClose={onClose}>
      <p>{t(`erased-${scope}`)}</p>
      <Facts
        of={[
          [t('id'), personId],
          [t('erased-at'), dayAndTime(erasedAt)],
          [t('erased-by'), by],
          [t('templates'), number(what.templates)],
          [t('photographs'), number(what.photographs)],
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
        <button type="button" onClick={() => saveJson(certificate, `erasure-${personId}.json`)}>
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
  const { zipOf } = await import('../../parts/zip-file.js');
  try {
    return await zipOf(files);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const told = { message: t('export-too-large'), remedy: t('export-remedy') };
    throw new ApiError({ code: 'too-large', ...told }, 200);
  }
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
