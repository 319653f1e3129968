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

/** Filters that the user keeps under a name, in the account: they are there on every computer. */
export function SavedFilters({ query, page }: SavedFiltersProps) {
  const saving = useDialog();
  const { user, savedFilters = [] } = me.value ?? {};
  const own = savedFilters.filter((each) => each.page === page);
  const current = own.find((each) => each.query === query.search);
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
            isOffered: query.search !== '' && current === undefined,
            onAct: saving.opens(true),
          },
          {
            text: t('remove-filter'),
            isOffered: current !== undefined,
            onAct: () => replaceFilters(savedFilters.filter((each) => each !== current)),
          },
        ]}
      />
      {saving.of && <SaveFilters {...{ query, page, savedFilters }} onClose={saving.closes()} />}
    </>
  );
}

interface SaveFiltersProps extends SavedFiltersProps {
  readonly savedFilters: readonly SavedFilter[];
  readonly onClose: () => void;
}

function SaveFilters({ query, page, savedFilters, onClose }: SaveFiltersProps) {
  const name = useSignal('');
  const added = { page, name: name.value.trim(), query: query.search };
  return (
    <Confirm
      title={t('save-filters')}
      act={t('save-filters')}
      isReady={added.name !== ''}
      // A filter of the same name is replaced.
      onAct={() => replaceFilters([...savedFilters, added])}
      onClose={onClose}
    >
      <Field label={t('filter-name')} hint={t('filter-name-hint')} maxLength={60} {...bound(name)} />
    </Confirm>
  );
}

async function replaceFilters(savedFilters: readonly SavedFilter[]): Promise<void> {
  await call('auth.preferences', { savedFilters: [...savedFilters] });
  me.value = await call('auth.me');
}
