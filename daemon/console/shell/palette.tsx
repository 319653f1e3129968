import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { PersonSummary } from '../../contract/person.js';
import type { Scope } from '../../contract/scopes.js';
import { simplifiedName } from '../../kernel/persons/simplified-name.js';
import { logOut } from '../api/call.js';
import { can } from '../api/session.js';
import { useFetched } from '../api/use-fetched.js';
import type attendanceTexts from '../messages/en/attendance.json';
import type cameraTexts from '../messages/en/cameras.json';
import type changeTexts from '../messages/en/change-people.json';
import type eventTexts from '../messages/en/events.json';
import type peopleTexts from '../messages/en/people.json';
import type en from '../messages/en/shell.json';
import { pageRoutes } from '../pages/page-routes.js';
import { useCameras } from '../parts/camera-choice.js';
import { ComboBox, type OptionGroup } from '../parts/combo-box.js';
import { Dialog } from '../parts/dialog.js';
import { Icon, type IconName } from '../parts/icon.js';
import { PersonPicture } from '../parts/shown-picture.js';
import { useSettled } from '../parts/use-query.js';
import { plainDay, siteDay } from '../time/site-format.js';
import { formatTag, wordsOf } from '../words/words.js';
import { dayInText } from './day-in-text.js';

const t = wordsOf<typeof en>('shell');
const attendance = wordsOf<typeof attendanceTexts>('attendance');
const cameras = wordsOf<typeof cameraTexts>('cameras');
const change = wordsOf<typeof changeTexts>('change-people');
const events = wordsOf<typeof eventTexts>('events');
const people = wordsOf<typeof peopleTexts>('people');

/** Something that the palette offers. */
interface Offer {
  readonly key: string;
  readonly text: string;
  readonly icon: IconName;
  readonly person?: PersonSummary;
  /** Where it leads, or what it does. */
  readonly to: string | (() => void);
}

/** Persons offered at a time. */
const mostPeople = 6;

/** What is below a page of the navigation, and not in it. */
const furtherPages: readonly (readonly [
  path: string,
  icon: IconName,
  text: () => string,
  ...scopes: readonly Scope[],
])[] = [
  ['/people/add', 'add', () => t('find-add-person'), 'persons:write'],
  ['/people/import', 'add', () => people('import'), 'persons:write'],
  ['/people/change', 'people', () => change('title'), 'persons:read', 'persons:write'],
  ['/people/erase', 'people', () => change('erase-title'), 'persons:read', 'persons:erase'],
  ['/cameras/add', 'add', () => cameras('add'), 'cameras:write'],
  ['/attendance/shifts', 'attendance', () => attendance('to-shifts'), 'attendance:read'],
  ['/outbox', 'event', () => events('outbox'), 'status:read'],
  ['/account', 'account', () => t('account')],
];

interface PaletteProps {
  readonly onClose: () => void;
  readonly onKeys: () => void;
}

/** Finds people, passages, cameras, pages, and actions by what one types, as far as the account may open them. */
export default function Palette({ onClose, onKeys }: PaletteProps) {
  const { route } = useLocation();
  const typed = useSignal('');
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => body.current?.querySelector('input')?.focus(), []);
  const { groups, isSearching } = useOffers(typed.value, onKeys);
  const choose = ({ to }: Offer): void => {
    onClose();
    if (typeof to === 'string') route(to);
    else to();
  };
  const isEmpty = groups.every(({ items }) => items.length === 0);
  return (
    <Dialog title={t('find')} class="palette" onClose={onClose}>
      <div ref={body}>
        <ComboBox
          label={t('find-label')}
          value={typed.value}
          onValue={(text) => {
            typed.value = text;
          }}
          groups={groups}
          keyOf={({ key }) => key}
          show={({ text, icon, person }) => (
            <span class="with-face">
              {person ? (
                <PersonPicture id={person.id} photographId={person.photographId} />
              ) : (
                <Icon name={icon} />
              )}
              <span>
                {text}
                {person?.externalId !== undefined && <small>{person.externalId}</small>}
              </span>
            </span>
          )}
          onChoose={choose}
          isOpen={true}
          status={isEmpty && !isSearching ? t('found-nothing') : ''}
        />
      </div>
    </Dialog>
  );
}

/** What fits the text, in groups. */
function useOffers(
  typed: string,
  onKeys: () => void,
): { readonly groups: readonly OptionGroup<Offer>[]; readonly isSearching: boolean } {
  const named = dayInText(typed, { today: siteDay(), tag: formatTag() });
  const who = (named === undefined || named.rest === '' ? typed : named.rest).trim();
  const { found, isSearching } = usePeople(who);
  const { all } = useCameras();
  const fits = (text: string): boolean =>
    simplifiedName(typed)
      .split(/\s+/)
      .every((word) => simplifiedName(text).includes(word));
  const offered = (offers: readonly Offer[]): readonly Offer[] => offers.filter(({ text }) => fits(text));
  const persons = {
    title: people('title'),
    items: found.map((person) => ({
      ...({ key: person.id, text: person.name, icon: 'person', person, to: `/people/${person.id}` } as const),
    })),
  };
  const passages = { title: t('find-passages'), items: passagesOf(named, found) };
  const others = [
    {
      title: cameras('title'),
      items:
        typed === ''
          ? []
          : offered(all.map(({ id, name }) => ({ ...camera, key: id, text: name, to: `/cameras/${id}` }))),
    },
    { title: t('find-pages'), items: offered(pages()) },
    {
      title: t('find-actions'),
      items: offered([
        { key: 'keys', text: t('keys'), icon: 'search', to: onKeys },
        { key: 'logout', text: t('logout'), icon: 'account', to: () => void logOut() },
      ]),
    },
  ];
  return { groups: [...(named ? [passages, persons] : [persons, passages]), ...others], isSearching };
}

const camera = { icon: 'camera' } as const;

/** The people of that name. The box searches without regard to case and accents. */
function usePeople(who: string): { readonly found: readonly PersonSummary[]; readonly isSearching: boolean } {
  const text = useSettled(who);
  const { value, isLoading } = useFetched(
    'persons.list',
    { limit: mostPeople, sort: 'name', text },
    { isWanted: can('persons:read') && text !== '' },
  );
  const wanted = simplifiedName(who);
  // What was found for the letters before stays until the box has answered, as far as it still fits.
  const found = (who === '' ? [] : (value?.items ?? [])).filter(
    ({ name, externalId }) => simplifiedName(name).includes(wanted) || externalId === who,
  );
  return { found, isSearching: text !== who || isLoading };
}

/** The passages of a day, and of the persons that were found. */
function passagesOf(named: ReturnType<typeof dayInText>, found: readonly PersonSummary[]): readonly Offer[] {
  if (!can('passages:read')) return [];
  const days = named === undefined ? {} : { since: named.day, until: named.day };
  const day = named === undefined ? '' : plainDay(named.day);
  const linkTo = (query: Readonly<Record<string, string>>) =>
    ({ icon: 'passage', to: `/passages?${new URLSearchParams(query)}` }) as const;
  const ofPeople = found.map(({ id, name }) => ({
    ...linkTo({ person: id, ...days }),
    key: `passages-${id}`,
    text: named === undefined ? t('passages-of', { who: name }) : t('passages-of-day', { who: name, day }),
  }));
  if (named === undefined) return ofPeople;
  return [...ofPeople, { ...linkTo(days), key: 'passages', text: t('passages-on', { day }) }];
}

/** The pages that the account may open. */
const pages = (): readonly Offer[] => [
  ...pageRoutes.flatMap(({ way, path, scopes }) =>
    way && can(...scopes) ? [{ key: path, text: way.text(), icon: way.icon, to: path }] : [],
  ),
  ...furtherPages.flatMap(([path, icon, text, ...scopes]) =>
    can(...scopes) ? [{ key: path, text: text(), icon, to: path }] : [],
  ),
];
