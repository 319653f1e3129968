import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ErrorBoundary, lazy } from 'preact-iso';
import type en from '../messages/en/shell.json';
import { Icon } from '../parts/icon.js';
import { type Key, type KeyGroup, keysNow, namesOf, useKeys, watchKeys } from '../parts/keys.js';
import { wordsOf } from '../words/words.js';

const t = wordsOf<typeof en>('shell');

const Palette = lazy(() => import('./palette.js'));
const KeyOverview = lazy(() => import('./key-overview.js'));

/** Whether the palette is open. */
const isFinding = signal(false);
const setFinding = (isOpen: boolean): void => {
  isFinding.value = isOpen;
};

const find = (): Key => ({
  ...{ key: 'k', isCommand: true, text: t('find') },
  onPress: () => setFinding(true),
});

/** Opens the palette. */
export function FinderButton() {
  return (
    <button type="button" class="plain finder" aria-haspopup="dialog" onClick={() => setFinding(true)}>
      <Icon name="search" />
      <span>{t('find')}</span>
      <kbd aria-hidden="true">{namesOf(find()).join(' ')}</kbd>
    </button>
  );
}

/** The palette, and the overview of the keys, with the keys that open them. */
export function Finder() {
  const shownKeys = useSignal<readonly KeyGroup[] | undefined>(undefined);
  const showKeys = (): void => {
    shownKeys.value = keysNow();
  };
  useEffect(watchKeys, []);
  // Of the user who comes next, nothing is open.
  useEffect(() => () => setFinding(false), []);
  useKeys(t('keys-console'), [find(), { key: '?', text: t('keys'), onPress: showKeys }]);
  return (
    <ErrorBoundary>
      {isFinding.value && <Palette onClose={() => setFinding(false)} onKeys={showKeys} />}
      {shownKeys.value && (
        <KeyOverview
          groups={shownKeys.value}
          onClose={() => {
            shownKeys.value = undefined;
          }}
        />
      )}
    </ErrorBoundary>
  );
}
