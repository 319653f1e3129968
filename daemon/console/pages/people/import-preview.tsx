import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { consentBases } from '../../../kernel/persons/consent.js';
import { watchMarks } from '../../../kernel/persons/person-standing.js';
import type en from '../../messages/en/person-import.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { Files, into } from '../../parts/form-fields.js';
import { type Column, LongTable, wholeList } from '../../parts/long-table.js';
import { Badge } from '../../parts/page.js';
import { Fault, Remedy, sentence } from '../../parts/shown-fault.js';
import { Picture } from '../../parts/shown-picture.js';
import { useDialog } from '../../parts/use-dialog.js';
import { wordsOf } from '../../words/words.js';
import { emptyDraft, type ProfileDraft, profileOf } from './profile-draft.js';
import { ProfileFields } from './profile-fields.js';
import { SideBySide, TakenId } from './refusal.js';
import type { ImportRow } from './staged-import.js';
import { acceptDuplicate, correctRow, type StagedImportRow } from './staged-import.js';

const t = wordsOf<typeof en>('person-import');

interface ImportPreviewProps {
  readonly rows: readonly StagedImportRow[];
  /** True: the user may still decide about refused rows. */
  readonly canDecide: boolean;
}

/** Every row with its picture, and why it is refused. */
export function ImportPreview({ rows, canDecide }: ImportPreviewProps) {
  const addressOf = usePictureAddresses();
  const showing = useDialog<number>();
  const shown = rows.find(({ line }) => line === showing.of);
  return (
    <>
      <LongTable
        caption={t('preview')}
        list={wholeList(refusedFirst(rows))}
        columns={columns(addressOf, showing.open)}
        keyOf={({ line }) => line}
        rowPx={60}
      />
      {shown !== undefined && (
        <RowDialog
          row={shown}
          picture={addressOf(shown.photographs[0])}
          canDecide={canDecide}
          onClose={showing.closes()}
        />
      )}
    </>
  );
}

const refusedFirst = (rows: readonly StagedImportRow[]): readonly StagedImportRow[] => [
  ...rows.filter(({ state }) => state === 'refused'),
  ...rows.filter(({ state }) => state !== 'refused'),
];

type AddressOf = (file: File | undefined) => string | undefined;

/** Addresses of files within this page, made when a row comes into view. */
function usePictureAddresses(): AddressOf {
  const known = useRef(new Map<File, string>());
  useEffect(
    () => () => {
      for (const url of known.current.values()) URL.revokeObjectURL(url);
    },
    [],
  );
  return (file) => {
    if (file === undefined) return undefined;
    const url = known.current.get(file) ?? URL.createObjectURL(file);
    known.current.set(file, url);
    return url;
  };
}

const columns = (addressOf: AddressOf, show: (line: number) => void): readonly Column<StagedImportRow>[] => [
  {
    head: t('name'),
    cell: ({ line, name, photographs }) => (
      <span class="with-face">
        <Picture src={addressOf(photographs[0])} alt="" class="face-small" />
        <span>
          {name}
          <small>{t('line', { line })}</small>
        </span>
      </span>
    ),
  },
  {
    head: t('photographs'),
    cell: ({ photographs }) => photographs.length,
    isFigure: true,
    isMinor: true,
  },
  {
    head: t('state'),
    cell: (row) =>
      row.state === 'refused' ? (
        <>
          <Badge tone="bad">{t('state-refused')}</Badge>{' '}
          <button type="button" class="plain" onClick={() => show(row.line)}>
            {t('why')}
            <span class="unseen"> {row.name}</span>
          </button>
        </>
      ) : (
        <Badge tone={row.state === 'accepted' ? 'ok' : 'quiet'}>{t(`state-${row.state}`)}</Badge>
      ),
  },
];

interface RowDialogProps {
  readonly row: StagedImportRow;
  readonly picture: string | undefined;
  readonly canDecide: boolean;
  readonly onClose: () => void;
}

/** Why a row is refused, with its picture. */
function RowDialog({ row, picture, canDecide, onClose }: RowDialogProps) {
  const { line, name, problem, result, error, photographs } = row;
  return (
    <Dialog title={t('row-title', { line, name })} onClose={onClose}>
      {result?.outcome !== 'similar' && <Picture src={picture} alt={name} class="face-large" />}
      {problem !== undefined && <p>{t(`problem-${problem}`)}</p>}
      <Fault error={error} />
      {result?.outcome === 'external-id-taken' && <TakenId holder={result.personId} />}
      {result?.outcome === 'refused' &&
        result.photographs.map((each, index) =>
          each.outcome === 'refused' ? (
            <div key={photographs[index]?.name ?? index}>
              <p>
                <strong>{photographs[index]?.name}</strong>: {sentence(each.message)}
              </p>
              <Remedy>{sentence(each.remedy)}</Remedy>
            </div>
          ) : null,
        )}
      {result?.outcome === 'similar' && (
        <>
          <p>{t('similar')}</p>
          <SideBySide picture={picture} other={result} />
          <ActionBar
            place="start"
            of={[
              {
                text: t('two-persons'),
                isOffered: canDecide,
                onAct: () => acceptDuplicate(row),
                onDone: onClose,
              },
            ]}
          />
        </>
      )}
      {canDecide && <CorrectRow row={row} onSent={onClose} />}
    </Dialog>
  );
}

interface CorrectRowProps {
  readonly row: ImportRow;
  readonly onSent: () => void;
}

/** Corrects a refused row here, so that the table need not be changed and chosen again. */
function CorrectRow({ row, onSent }: CorrectRowProps) {
  const draft = useSignal(draftOf(row));
  const photographs = useSignal(row.photographs);
  const submit = async (): Promise<void> => {
    await correctRow(row.line, { profile: profileOf(draft.value), photographs: photographs.value });
    onSent();
  };
  return (
    <details>
      <summary>{t('correct')}</summary>
      <Form act={t('check-again')} onAct={submit} isReady={photographs.value.length > 0}>
        <ProfileFields draft={draft.value} onChange={into(draft)} />
        <Files
          label={t('other-photographs')}
          hint={t('these-photographs', { names: photographs.value.map(({ name }) => name).join(', ') })}
          multiple
          accept="image/*,.heic,.heif"
          onFiles={(files) => {
            if (files.length > 0) photographs.value = files;
          }}
        />
      </Form>
    </details>
  );
}

/** The row as a form holds it. What the table says in other words than the form knows is left out. */
function draftOf({ profile }: ImportRow): ProfileDraft {
  const { groups = [], fields = {}, consent, watch, ...texts } = profile;
  const mark = watchMarks.find((known) => known === watch?.mark);
  return {
    ...emptyDraft,
    fields,
    name: texts.name,
    externalId: texts.externalId ?? '',
    notes: texts.notes ?? '',
    validFrom: texts.validFrom ?? '',
    validUntil: texts.validUntil ?? '',
    groups: groups.join(', '),
    basis: consentBases.find((known) => known === consent?.basis) ?? '',
    consentDay: consent?.dateIso ?? '',
    consentReference: consent?.reference ?? '',
    mark: mark ?? '',
    markReason: watch?.reason ?? '',
  };
}
