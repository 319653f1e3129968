import { Fragment } from 'preact';
import type en from '../messages/en/shell.json';
import { Dialog } from '../parts/dialog.js';
import { Tick } from '../parts/form-fields.js';
import { areKeysOn, type KeyGroup, namesOf, switchKeys } from '../parts/keys.js';
import { wordsOf } from '../words/words.js';

const t = wordsOf<typeof en>('shell');

interface KeyOverviewProps {
  readonly groups: readonly KeyGroup[];
  readonly onClose: () => void;
}

/** The keys of the console and of the page that is shown. */
export default function KeyOverview({ groups, onClose }: KeyOverviewProps) {
  return (
    <Dialog title={t('keys')} onClose={onClose}>
      {groups.map(({ title, keys }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl class="facts">
            {keys.map((each) => (
              <div key={`${each.key} ${each.text}`}>
                <dt>
                  <Keycaps of={namesOf(each)} />
                </dt>
                <dd>{each.text}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <Tick label={t('keys-on')} value={areKeysOn.value} onValue={switchKeys} />
      <p class="quiet">{t('keys-on-hint')}</p>
    </Dialog>
  );
}

/** Keys that one presses together. */
function Keycaps({ of }: { readonly of: readonly string[] }) {
  return of.map((name, index) => (
    <Fragment key={name}>
      {index > 0 && ' '}
      <kbd>{name}</kbd>
    </Fragment>
  ));
}
