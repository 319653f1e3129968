import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import type { Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/configuration.json';
import { Loaded, PageHead, Section } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { wordsOf } from '../../words/words.js';
import { State } from './configuration-page.js';
import { Review } from './configuration-review.js';

const t = wordsOf<typeof en>('configuration');

type Shown = Output<'config.show'>;

/** Both files as they are; the one of the box can be changed. */
export default function ConfigurationText() {
  const shown = useFetched('config.show', {});
  return (
    <>
      <PageHead
        title={t('text-title')}
        lead={t('text-lead')}
        back={{ href: '/system/configuration', text: t('title') }}
      />
      <Loaded of={shown}>
        {(value) => (
          <>
            <State of={value} />
            <OwnFile of={value} onApplied={() => void shown.reload()} />
            <Section title={t('origin-file')}>
              <p class="quiet">
                <code>{value.file.path}</code> · {t('file-lead')}
              </p>
              {value.file.text === undefined ? (
                <p>{t('file-hidden')}</p>
              ) : (
                <pre class="file">{value.file.text}</pre>
              )}
            </Section>
          </>
        )}
      </Loaded>
    </>
  );
}

function OwnFile({ of, onApplied }: { readonly of: Shown; readonly onApplied: () => void }) {
  const id = useId();
  const { draft, restored, revision, clear } = useDraft('config.text', of.ownFile, { revision: of.revision });
  const { text } = draft.value;
  /** What the text was made of: the box refuses it where another user has changed the file since. */
  const base = useSignal({ revision: revision ?? of.revision, text: of.ownFile.text });
  const isOutdated = of.revision !== base.value.revision;
  const loadAnew = (): void => {
    base.value = { revision: of.revision, text: of.ownFile.text };
    clear(of.ownFile);
  };
  useEffect(() => {
    if ([base.value.text, of.ownFile.text].includes(text)) loadAnew();
  }, [of.revision]);
  const reviewing = useDialog();
  const mayChange = can('config:write');
  return (
    <Section
      title={t('own-file')}
      actions={[
        {
          text: t('review'),
          look: 'primary',
          isOffered: mayChange,
          isReady: text !== base.value.text,
          onAct: reviewing.opens(true),
        },
      ]}
    >
      <RestoredDraft of={restored && { ...restored, isOutdated: false, clear: loadAnew }} />
      <div role="status">
        {isOutdated && (
          <p>
            {t('changed-meanwhile')}{' '}
            <button type="button" class="small secondary" onClick={loadAnew}>
              {t('load-anew')}
            </button>
          </p>
        )}
      </div>
      <label for={id}>
        <code>{of.ownFile.path}</code>
      </label>
      <textarea
        id={id}
        class="code"
        rows={12}
        spellcheck={false}
        readOnly={!mayChange}
        value={text}
        onInput={(event) => {
          draft.value = { ...draft.value, text: event.currentTarget.value };
        }}
      />
      {reviewing.of && (
        <Review
          change={{ text }}
          revision={base.value.revision}
          onClose={(isDone) => {
            reviewing.closes()();
            if (isDone) {
              base.value = { ...base.value, text };
              clear(draft.value);
            }
            onApplied();
          }}
        />
      )}
    </Section>
  );
}
