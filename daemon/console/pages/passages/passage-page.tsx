import { useLocation, useRoute } from 'preact-iso';
import type { PassageDetails, PassageItem } from '../../../contract/passages.js';
import { addressOf } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/passages.json';
import { ActionBar } from '../../parts/actions.js';
import { useCameras } from '../../parts/camera-choice.js';
import { type Key, useKeys } from '../../parts/keys.js';
import { Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { NamedPerson } from '../../parts/person-link.js';
import { shortId } from '../../parts/short-id.js';
import { Remedy, sentence } from '../../parts/shown-fault.js';
import { Picture } from '../../parts/shown-picture.js';
import { OutcomeBadge, reasonWord } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { clockSeconds, dayAndTime, dayOf, decimals, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { MarkPassage, mayMark, UnmarkPassage } from './mark-passage.js';
import { PassageReference } from './passage-as-reference.js';
import { PassageClip } from './passage-clip.js';
import { Evidence, Views } from './passage-evidence.js';
import { isReadable, whoOf } from './passage-item.js';

const t = wordsOf<typeof en>('passages');

const dialogs = { mark: MarkPassage, unmark: UnmarkPassage } as const;

/** One passage: its picture, what the box decided and why, and what it measured. */
export default function Passage() {
  const { params } = useRoute();
  const id = params['passage'] ?? '';
  const fetched = useFetched('passages.show', { passage: id });
  const open = useDialog<keyof typeof dialogs>();
  const found = fetched.value;
  const Dialog = open.of && dialogs[open.of];
  return (
    <>
      <PageHead title={t('one')} back={{ href: '/passages', text: t('title') }}>
        {found && <Neighbours of={found} />}
      </PageHead>
      <Loaded of={fetched}>
        {(passage) => (
          <>
            <div class="columns">
              <div>
                <Why passage={passage} />
                <Evidence passage={passage} />
              </div>
              <div>
                <Shot passage={passage} />
                <PassageClip passage={passage} />
                <Acts passage={passage} onOpen={open.open} />
                <PassageReference passage={passage} onChanged={() => void fetched.reload()} />
                <Views passage={passage} />
              </div>
            </div>
            {Dialog && <Dialog passage={passage} onClose={open.closes(fetched.reload)} />}
          </>
        )}
      </Loaded>
    </>
  );
}

function Why({ passage }: { readonly passage: PassageDetails }) {
  const cameras = useCameras();
  const { outcome, reason, remedy, person, stranger, startedAt, camera, inSightS, end, mark } = passage;
  return (
    <Section title={t('why')} acts={<OutcomeBadge outcome={outcome} />}>
      <p class="what">{sentence(passage.sentence)}</p>
      {remedy !== undefined && <Remedy>{sentence(remedy)}</Remedy>}
      {mark && (
        <p role="note">
          {t('marked-as', {
            was: mark.was,
            who: mark.person?.name ?? mark.person?.id ?? '',
            time: dayAndTime(mark.at),
          })}
        </p>
      )}
      <Facts
        of={[
          [t('reason'), reasonWord(reason, outcome)],
          [t('who'), person === undefined ? whoOf(passage) : <NamedPerson key="who" {...person} />],
          [
            t('stranger'),
            stranger && can('strangers:read') && (
              <a href={`/strangers/${stranger.id}`}>{shortId(stranger.id)}</a>
            ),
          ],
          [t('camera'), cameras.nameOf(camera)],
          [
            t('time'),
            <a key="time" href={`/timeline?day=${siteDay(startedAt)}&at=${passage.id}`}>
              {`${dayOf(startedAt)} ${clockSeconds(startedAt)}`}
            </a>,
          ],
          [t('in-sight'), t('seconds', { value: decimals(inSightS, 1) })],
          [t('end'), end && t(`end-${end}`)],
          [t('id'), <code>{passage.id}</code>],
        ]}
      />
    </Section>
  );
}

function Shot({ passage: { id, hasPicture, startedAt } }: { readonly passage: PassageDetails }) {
  const src =
    hasPicture && can('passages:pictures') ? addressOf('passages.picture', { passage: id }) : undefined;
  return (
    <Section title={t('picture')}>
      <Picture src={src} alt={t('picture-of', { time: dayAndTime(startedAt) })} class="large" />
      {!hasPicture && <p class="quiet">{t('no-picture')}</p>}
      {hasPicture && src === undefined && <p class="quiet">{t('picture-not-allowed')}</p>}
    </Section>
  );
}

interface ActsProps {
  readonly passage: PassageDetails;
  readonly onOpen: (dialog: keyof typeof dialogs) => void;
}

function Acts({ passage, onOpen }: ActsProps) {
  const { stranger, mark } = passage;
  const isMarkable = mayMark(passage);
  const mayAssign = stranger !== undefined && can('strangers:read', 'strangers:write', 'persons:write');
  useKeys(t('one'), [
    { key: 'm', text: t('key-mark'), isOffered: isMarkable, onPress: () => onOpen('mark') },
  ]);
  if (!isMarkable && !mayAssign) return null;
  return (
    <Section title={t('acts')}>
      <ActionBar
        place="start"
        of={[
          { text: t('wrong'), look: 'primary', isOffered: isMarkable, onAct: () => onOpen('mark') },
          {
            text: t('unmark'),
            look: 'primary',
            isOffered: isMarkable && mark !== undefined,
            onAct: () => onOpen('unmark'),
          },
        ]}
        after={
          mayAssign && (
            <a class="link-button" href={`/strangers/${stranger.id}?assign=1`}>
              {t('enrol-stranger')}
            </a>
          )
        }
      />
    </Section>
  );
}

/** Links to the passages before and after this one, at all cameras. */
function Neighbours({ of }: { readonly of: PassageDetails }) {
  const from = { cursor: String(of.number), limit: 1 } as const;
  const older = useFetched('passages.list', { ...from, order: 'newest-first' }).value?.items[0];
  const newer = useFetched('passages.list', { ...from, order: 'oldest-first' }).value?.items[0];
  const { route } = useLocation();
  const keyTo = (key: string, text: string, passage: PassageItem | undefined): Key => ({
    ...{ key, text, isOffered: passage !== undefined && isReadable(passage) },
    onPress: () => passage && route(`/passages/${passage.id}`),
  });
  useKeys(t('one'), [keyTo('j', t('key-older'), older), keyTo('k', t('key-newer'), newer)]);
  return (
    <nav class="acts" aria-label={t('neighbours')}>
      {older && isReadable(older) && (
        <a class="link-button" href={`/passages/${older.id}`} rel="prev">
          {t('older')}
        </a>
      )}
      {newer && isReadable(newer) && (
        <a class="link-button" href={`/passages/${newer.id}`} rel="next">
          {t('newer')}
        </a>
      )}
    </nav>
  );
}
