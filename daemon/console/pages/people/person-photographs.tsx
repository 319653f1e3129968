import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EnrolmentRefusal } from '../../../contract/enrolment.js';
import type { PersonDetail } from '../../../contract/person.js';
import type { KeptPhotograph } from '../../../contract/photographs.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import { ActionBar } from '../../parts/actions.js';
import { useCameras } from '../../parts/camera-choice.js';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded, Section } from '../../parts/page.js';
import { PersonPicture } from '../../parts/shown-picture.js';
import { useDialog } from '../../parts/use-dialog.js';
import { dayAndTime, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import {
  PhotographPicker,
  type PhotographResults,
  resultsOf,
  usePhotographChoice,
} from './photograph-picker.js';
import { Refusal } from './refusal.js';

const t = wordsOf<typeof en>('person');

/** The most that the box keeps of one person. */
const mostPhotographs = 20;

interface PersonPhotographsProps {
  readonly person: PersonDetail;
  readonly onChanged: (person: PersonDetail) => void;
  readonly onAnew: () => Promise<void>;
}

/** What the person is recognised by, and ways to change that. */
export function PersonPhotographs({ person, onChanged, onAnew }: PersonPhotographsProps) {
  const { id, state, revision } = person;
  const list = useFetched('persons.photographs.list', { id });
  useEffect(() => void list.reload(), [revision]);
  const changing = useDialog<{ readonly replaced?: KeyedPhotograph }>();
  const canChange = can('persons:write') && state === 'active';
  const removing = useDialog<KeyedPhotograph>();
  const removed = removing.of;
  return (
    <Section
      title={t('photographs')}
      actions={[{ text: t('add-photographs'), isOffered: canChange, onAct: changing.opens({}) }]}
    >
      <p class="quiet">
        {t('photographs-lead')}{' '}
        {canChange && can('passages:read', 'passages:pictures') && (
          <a href={`/passages?person=${id}&outcome=attended`}>{t('views-from-cameras')}</a>
        )}
      </p>
      <Loaded of={list} empty={t('no-photographs')}>
        {(kept) => (
          <ul class="shots">
            {kept.map((photograph, index) => (
              <li key={photograph.id}>
                <Kept
                  person={person}
                  of={{ ...photograph, number: index + 1 }}
                  canChange={canChange}
                  onReplace={(replaced) => changing.open({ replaced })}
                  onRemove={removing.open}
                />
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {changing.of && (
        <ChangePhotographs
          {...{ person, replaced: changing.of.replaced, onChanged, onAnew }}
          key={changing.of.replaced?.id ?? 'added'}
          onClose={changing.closes()}
        />
      )}
      {removed !== undefined && (
        <Confirm
          title={t('remove-photograph', { number: removed.number })}
          act={t('remove-photograph-act')}
          isDestructive
          onAct={async () => {
            const given = { id, photographId: removed.id, ifRevision: revision };
            onChanged(await call('persons.photographs.remove', given));
          }}
          onAnew={() => void onAnew().then(() => removing.closes()())}
          onClose={removing.closes()}
        >
          <p>{t('remove-photograph-what')}</p>
        </Confirm>
      )}
    </Section>
  );
}

type KeyedPhotograph = KeptPhotograph & { readonly number: number };

interface KeptProps {
  readonly person: PersonDetail;
  readonly of: KeyedPhotograph;
  readonly canChange: boolean;
  readonly onReplace: (photograph: KeyedPhotograph) => void;
  readonly onRemove: (photograph: KeyedPhotograph) => void;
}

function Kept({ person, of: photograph, canChange, onReplace, onRemove }: KeptProps) {
  const { id, number, hasPicture, storedAt, qualityScore, agreement, fromPassage } = photograph;
  const cameras = useCameras();
  const alt = t('photograph-alt', { number, name: person.name });
  return (
    <>
      <PersonPicture id={person.id} photographId={hasPicture ? id : undefined} alt={alt} class="face-large" />
      <div>
        {qualityScore === undefined ? (
          <Badge tone="bad">{t('no-template')}</Badge>
        ) : (
          <Badge tone={qualityScore < 0.5 ? 'warn' : 'ok'}>
            {t('quality', { quality: percent(qualityScore) })}
          </Badge>
        )}
        {agreement !== undefined && (
          <p class="quiet">
            {!agreement.isAgreeing && (
              <Badge tone="bad" icon="warning">
                {t('disagrees')}
              </Badge>
            )}
            {t('agreement', { similarity: percent(agreement.similarity, 1) })}
          </p>
        )}
        <p class="quiet">{storedAt === undefined ? t('picture-gone') : dayAndTime(storedAt)}</p>
        {fromPassage !== undefined && (
          <p class="quiet">
            {t('from-passage')}{' '}
            {fromPassage.passage !== undefined && fromPassage.seenAt !== undefined && (
              <a href={`/passages/${fromPassage.passage}`}>
                {cameras.nameOf(fromPassage.camera ?? '')}, {dayAndTime(fromPassage.seenAt)}
              </a>
            )}
          </p>
        )}
        {canChange && (
          <ActionBar
            isSmall
            place="start"
            of={[
              { text: forPhotograph(t('replace'), alt), onAct: () => onReplace(photograph) },
              {
                text: forPhotograph(t('remove-photograph-act'), alt),
                isOffered: person.templates > 1,
                onAct: () => onRemove(photograph),
              },
            ]}
          />
        )}
      </div>
    </>
  );
}

/** The text of a button, with its photograph for those who do not see which one stands beside it. */
const forPhotograph = (text: string, alt: string) => (
  <>
    {text}
    <span class="unseen"> {alt}</span>
  </>
);

interface ChangePhotographsProps extends PersonPhotographsProps {
  /** Absent: photographs are added. */
  readonly replaced: KeyedPhotograph | undefined;
  readonly onClose: () => void;
}

/** Adds photographs, or puts one in the place of another. */
function ChangePhotographs({ person, replaced, onChanged, onAnew, onClose }: ChangePhotographsProps) {
  const { id, revision } = person;
  const choice = usePhotographChoice(replaced === undefined ? mostPhotographs : 1);
  const refusal = useSignal<EnrolmentRefusal | undefined>(undefined);
  const results = useSignal<PhotographResults | undefined>(undefined);
  const doing = useAct();
  const store = (isDuplicateAllowed: boolean): Promise<boolean> => {
    refusal.value = undefined;
    return doing.run(async () => {
      const { chosen, faceNumber } = choice;
      const given = {
        ...{ id, ifRevision: revision, isDuplicateAllowed, photographs: chosen.map(({ file }) => file) },
        ...(faceNumber !== undefined && { faceNumber }),
      };
      const result =
        replaced === undefined
          ? await call('persons.photographs.add', given)
          : await call('persons.photographs.replace', { ...given, photographId: replaced.id });
      if (result.outcome !== 'changed') {
        refusal.value = result;
        results.value = resultsOf(result, chosen);
        return;
      }
      say(t('photographs-stored', { count: chosen.length }));
      onChanged(result.person);
      onClose();
    });
  };
  return (
    <Dialog
      title={
        replaced === undefined ? t('add-photographs') : t('replace-photograph', { number: replaced.number })
      }
      onClose={onClose}
      isWide
    >
      <Form
        act={t('store-photographs')}
        onAct={() => store(false)}
        doing={doing}
        onAnew={() => void onAnew().then(onClose)}
        isReady={choice.chosen.length > 0}
      >
        {replaced !== undefined && <p>{t('replace-what')}</p>}
        <PhotographPicker choice={choice} isSingle={replaced !== undefined} results={results.value} />
        {refusal.value !== undefined && (
          <Refusal of={refusal.value} picture={choice.chosen[0]?.url} onAnyway={() => void store(true)} />
        )}
      </Form>
    </Dialog>
  );
}
