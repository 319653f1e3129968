import { useSignal } from '@preact/signals';
import { addressOf, call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { ActionBar } from '../../parts/actions.js';
import { Confirm } from '../../parts/dialog.js';
import { bound, Tick } from '../../parts/form-fields.js';
import { Remedy, sentence } from '../../parts/shown-fault.js';
import { Picture } from '../../parts/shown-picture.js';
import { wordsOf } from '../../words/words.js';
import type { Enrolment } from './picture-guidance.js';

const t = wordsOf<typeof en>('enrol');

type Result = Output<'enrolments.finish'>;
interface LookAlikeProps {
  readonly personId: string;
  readonly name?: string | undefined;
  readonly similarity: number;
}

interface FinishProps {
  readonly enrolment: Enrolment;
  /** The person is enrolled. */
  readonly onDone: () => void;
}

/** Checks the pictures, shows whom the face resembles, and enrols the person when the operator agrees. */
export function Finish({ enrolment: { id, name, personId }, onDone }: FinishProps) {
  const result = useSignal<Result | undefined>(undefined);
  const isOther = useSignal(false);
  const isAsked = useSignal(false);
  const isNew = personId === undefined;
  const check = async (): Promise<void> => {
    isOther.value = false;
    result.value = await call('enrolments.finish', { id, isDryRun: isNew });
    isAsked.value = result.value.outcome === 'enrollable' || result.value.outcome === 'similar';
    if (result.value.outcome === 'changed') onDone();
  };
  const enrol = async (): Promise<void> => {
    result.value = await call('enrolments.finish', { id, isDuplicateAllowed: isOther.value });
  };
  const found = result.value;
  return (
    <>
      {found?.outcome === 'refused' && <Refused photographs={found.photographs} />}
      {found?.outcome === 'external-id-taken' && <p role="alert">{t('external-id-taken')}</p>}
      <ActionBar
        place="start"
        of={[{ text: t(isNew ? 'check' : 'add-photographs'), look: 'primary', onAct: check }]}
      />
      {isAsked.value && found !== undefined && (
        <Confirm
          title={t('enrol-title', { name: name ?? personId ?? '' })}
          act={t(isNew ? 'enrol' : 'add-photographs')}
          isReady={found.outcome !== 'similar' || isOther.value}
          onAct={enrol}
          onClose={(isDone) => {
            isAsked.value = false;
            const { outcome } = result.value ?? {};
            if (isDone && (outcome === 'enrolled' || outcome === 'changed')) onDone();
          }}
        >
          {found.outcome === 'enrollable' && <p>{t('pictures-agree')}</p>}
          {found.outcome === 'enrollable' && found.resembles !== undefined && (
            <>
              <p>{t('resembles')}</p>
              {found.resembles.map((each) => (
                <LookAlike key={each.personId} {...each} />
              ))}
            </>
          )}
          {found.outcome === 'similar' && (
            <>
              <p>{t('similar')}</p>
              <LookAlike {...found} />
              <Tick label={t('is-another')} {...bound(isOther)} />
            </>
          )}
        </Confirm>
      )}
    </>
  );
}

/** A person whom the face resembles, with a picture to compare. */
function LookAlike({ personId, name, similarity }: LookAlikeProps) {
  const photographs = useFetched(
    'persons.photographs.list',
    { id: personId },
    { isWanted: can('persons:read') },
  );
  const photographId = photographs.value?.find(({ hasPicture }) => hasPicture)?.id;
  const src = photographId && addressOf('persons.photographs.read', { id: personId, photographId });
  return (
    <div class="look-alike">
      <Picture src={src} alt={name ?? personId} />
      <div>
        <strong>{name ?? personId}</strong>
        <p class="quiet">{t('similarity', { similarity })}</p>
      </div>
    </div>
  );
}

type Photographs = Extract<Result, { readonly outcome: 'refused' }>['photographs'];

function Refused({ photographs }: { readonly photographs: Photographs }) {
  return (
    <div role="alert">
      <p>{t('pictures-refused')}</p>
      <ul>
        {photographs.map((photograph, index) =>
          photograph.outcome === 'refused' ? (
            <li key={index}>
              {t('picture-number', { number: index + 1 })}: {sentence(photograph.message)}
              <Remedy>{sentence(photograph.remedy)}</Remedy>
            </li>
          ) : null,
        )}
      </ul>
    </div>
  );
}
