import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EnrolmentRefusal } from '../../../contract/enrolment.js';
import type { PersonDetail } from '../../../contract/person.js';
import type { KeptPhotograph } from '../../../contract/photographs.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Loaded, Section } from '../../parts/page.js';
import { PersonPicture } from '../../parts/picture.js';
import { dayAndTime, percent } from '../../time/site-time.js';
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
  const open = useSignal<
    { readonly replaced?: KeyedPhotograph; readonly removed?: KeyedPhotograph } | undefined
  >(undefined);
  const canChange = can('persons:write') && state === 'active';
  const close = (): void => {
    open.value = undefined;
  };
  const { replaced, removed } = open.value ?? {};
  return (
    <Section
      title={t('photographs')}
      acts={
        canChange && (
          <button
            type="button"
            class="small secondary"
            onClick={() => {
              open.value = {};
            }}
          >
            {t('add-photographs')}
          </button>
        )
      }
    >
      <p class="quiet">
        {t('photographs-lead')}{' '}
        {canChange && can('passages:read', 'passages:pictures') && (
          <a href={`/passages?person=${id}&outcome=attended`}>{t('views-from-cameras')}</a>
        )}
      </p>
      <Loaded of={list}>
        {(kept) =>
          kept.length === 0 ? (
            <Empty>{t('no-photographs')}</Empty>
          ) : (
            <ul class="shots">
              {kept.map((photograph, index) => (
                <li key={photograph.id}>
                  <Kept
                    person={person}
                    of={{ ...photograph, number: index + 1 }}
                    canChange={canChange}
                    onReplace={(chosen) => {
                      open.value = { replaced: chosen };
                    }}
                    onRemove={(chosen) => {
                      open.value = { removed: chosen };
                    }}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {open.value !== undefined && removed === undefined && (
        <ChangePhotographs
          {...{ person, replaced, onChanged, onAnew }}
          key={replaced?.id ?? 'added'}
          onClose={close}
        />
      )}
      {removed !== undefined && (
        <Confirm
          title={t('remove-photograph', { number: removed.number })}
          act={t('remove-photograph-act')}
          isDestructive
          onAct={async () =>
            onChanged(
              await call('persons.photographs.remove', {
                id,
                photographId: removed.id,
                ifRevision: revision,
              }),
            )
          }
          onAnew={() => void onAnew().then(close)}
          onClose={close}
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
          <div class="acts start">
            <button type="button" class="small secondary" onClick={() => onReplace(photograph)}>
              {t('replace')}
              <span class="unseen"> {alt}</span>
            </button>
            {person.templates > 1 && (
              <button type="button" class="small secondary" onClick={() => onRemove(photograph)}>
                {t('remove-photograph-act')}
                <span class="unseen"> {alt}</span>
              </button>
            )}
          </div>
        )}
      </div>
    </>
  );
}

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
  const store = (isDuplicateAllowed: boolean): void => {
    refusal.value = undefined;
    void doing.run(async () => {
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
  const isOutdated = doing.fault?.code === 'changed-meanwhile';
  return (
    <Dialog
      title={
        replaced === undefined ? t('add-photographs') : t('replace-photograph', { number: replaced.number })
      }
      onClose={onClose}
      isWide
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          store(false);
        }}
      >
        {replaced !== undefined && <p>{t('replace-what')}</p>}
        <PhotographPicker choice={choice} isSingle={replaced !== undefined} results={results.value} />
        {refusal.value !== undefined && (
          <Refusal of={refusal.value} picture={choice.chosen[0]?.url} onAnyway={() => store(true)} />
        )}
        <Fault error={doing.fault} {...(isOutdated && { onRetry: () => void onAnew().then(onClose) })} />
        <footer class="acts">
          <button type="submit" disabled={choice.chosen.length === 0} aria-busy={doing.isRunning}>
            {t('store-photographs')}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
