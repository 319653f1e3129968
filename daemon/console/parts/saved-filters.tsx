import { useSignal } from '@preact/signals';
import type { SavedFilter } from '../../contract/auth.js';
import { call } from '../api/call.js';
import { me } from '../api/session.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { ActionBar } from './actions.js';
import { Confirm } from './dialog.js';
import { bound, Choice, Field } from './form-fields.js';
import { useDialog } from './use-dialog.js';
import type { Query } from './use-query.js';

const t = wordsOf<typeof en>('parts');

interface SavedFiltersProps {
  readonly query: Query;
  readonly page: SavedFilter['page'];
}

/** Without what was searched for: it may be a name, which would outlive the erasure of the person. */
const keptOf = ({ searchWith }: Query): string => searchWith({ text: '', name: '', search: '' });

/** Filters that the user keeps under a name, in the account: they are there on every computer. */
export function SavedFilters({ query, page }: SavedFiltersProps) {
  const saving = useDialog();
  const { user, savedFilters = [] } = me.value ?? {};
  const own = savedFilters.filter((each) => each.page === page);
  const kept = keptOf(query);
  const current = own.find((each) => each.query === kept);
  if (user === undefined) return null;
  return (
    <>
      {own.length > 0 && (
        <Choice
          label={t('saved-filters')}
          value={current?.name ?? ''}
          options={[['', t('no-saved-filter')], ...own.map(({ name }) => [name, name] as const)]}
          onValue={(chosen) => query.replace(own.find(({ name }) => name === chosen)?.query ?? '')}
        />
      )}
      <ActionBar
        place="start"
        of={[
          {
            text: t('save-filters'),
            isOffered: kept !== '' && current === undefined,
            onAct: saving.opens(true),
          },
          {
            text: t('remove-filter'),
            isOffered: current !== undefined,
            onAct: () => changeFilters((now) => now.filter((each) => !isSame(each, current))),
          },
        ]}
      />
      {saving.of && <SaveFilters {...{ query, page }} onClose={saving.closes()} />}
    </>
  );
}

interface SaveFiltersProps extends SavedFiltersProps {
  readonly onClose: () => void;
}

function SaveFilters({ query, page, onClose }: SaveFiltersProps) {
  const name = useSignal('');
  const added = { page, name: name.value.trim(), query: keptOf(query) };
  return (
    <Confirm
      title={t('save-filters')}
      act={t('save-filters')}
      isReady={added.name !== ''}
      // A filter of the same name is replaced.
      onAct={() => changeFilters((now) => [...now, added])}
      onClose={onClose}
    >
      <Field label={t('filter-name')} hint={t('filter-name-hint')} maxLength={60} {...bound(name)} />
    </Confirm>
  );
}

type Filters = readonly SavedFilter[];

const isSame = (one: SavedFilter, other: SavedFilter | undefined): boolean =>
  one.page === other?.page && one.name === other.name && one.query === other.query;

/** The box replaces the whole list, and another computer may have changed it since the login: the change is made to that of now. */
async function changeFilters(change: (now: Filters) => Filters): Promise<void> {
  const { savedFilters = [] } = await call('auth.me');
  await call('auth.preferences', { savedFilters: [...change(savedFilters)] });
  me.value = await call('auth.me');
}
