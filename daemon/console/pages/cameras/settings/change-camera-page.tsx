import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import type { CameraDetails } from '../../../../contract/cameras.js';
import { call } from '../../../api/call.js';
import { useAct, useFetched } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { Fault } from '../../../parts/fault.js';
import { Field, Tick } from '../../../parts/field.js';
import { say } from '../../../parts/notes.js';
import { Loaded, PageHead, Section } from '../../../parts/page.js';
import { wordsOf } from '../../../words/words.js';
import { DirectionField } from './add-camera-page.js';
import { AddressFields, type CameraDraft, changesOf, draftOf } from './camera-draft.js';

const t = wordsOf<typeof en>('cameras');

/** Changes a camera that the box keeps itself. */
export default function ChangeCamera() {
  const id = useRoute().params['id'] ?? '';
  const camera = useFetched('cameras.show', { id });
  const back = { href: `/cameras/${encodeURIComponent(id)}`, text: camera.value?.name ?? id };
  return (
    <>
      <PageHead title={t('change-title')} back={back} />
      <Loaded of={camera}>
        {(shown) =>
          shown.isOwn ? (
            <Form key={shown.revision} camera={shown} onReload={camera.reload} />
          ) : (
            <p>{t('of-configuration')}</p>
          )
        }
      </Loaded>
    </>
  );
}

function Form({
  camera,
  onReload,
}: {
  readonly camera: CameraDetails;
  readonly onReload: () => Promise<void>;
}) {
  const { id, revision, settings } = camera;
  const draft = useSignal<CameraDraft>(draftOf(camera));
  const forgetsLogin = useSignal(false);
  const saving = useAct();
  const { route } = useLocation();
  const put = (next: CameraDraft): void => {
    draft.value = next;
  };
  const changes = {
    ...changesOf(draft.value, camera),
    ...(forgetsLogin.value && { forgetLogin: true as const }),
  };
  const hasChanges = Object.keys(changes).length > 0;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const input = { id, ...changes, ...(revision !== undefined && { ifRevision: revision }) };
    if (!(await saving.run(() => call('cameras.change', input)))) return;
    say(t('changed', { name: draft.value.name }));
    route(`/cameras/${encodeURIComponent(id)}`);
  };
  const { fault } = saving;
  const hasLogin = settings.credential !== undefined;
  return (
    <Section title={t('settings')}>
      <form onSubmit={save}>
        <Field
          label={t('name')}
          required
          maxLength={100}
          value={draft.value.name}
          onValue={(name) => put({ ...draft.value, name })}
        />
        <DirectionField draft={draft.value} onDraft={put} />
        <AddressFields draft={draft.value} onDraft={put} hasLogin={hasLogin} />
        {hasLogin && (
          <Tick
            label={t('forget-login')}
            isOn={forgetsLogin.value}
            onChange={(isOn) => {
              forgetsLogin.value = isOn;
            }}
          />
        )}
        <Fault
          error={fault}
          {...(fault?.code === 'changed-meanwhile' && { onRetry: () => void onReload() })}
        />
        <p class="quiet">{t('change-hint')}</p>
        <button type="submit" class="fit" disabled={!hasChanges} aria-busy={saving.isRunning}>
          {t('save-changes')}
        </button>
      </form>
    </Section>
  );
}
