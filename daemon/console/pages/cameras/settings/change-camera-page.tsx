import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import type { CameraDetails } from '../../../../contract/cameras.js';
import { call } from '../../../api/call.js';
import { useFetched } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { Form } from '../../../parts/form.js';
import { bound, Field, into, Tick } from '../../../parts/form-fields.js';
import { say } from '../../../parts/notes.js';
import { Loaded, PageHead, Section } from '../../../parts/page.js';
import { RestoredDraft, useDraft } from '../../../parts/use-draft.js';
import { wordsOf } from '../../../words/words.js';
import { DirectionField } from './add-camera-page.js';
import { AddressFields, type CameraDraft, changesOf, draftOf, useAddressCheck } from './camera-draft.js';

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
            <ChangeForm key={shown.revision} camera={shown} onReload={camera.reload} />
          ) : (
            <p>{t('of-configuration')}</p>
          )
        }
      </Loaded>
    </>
  );
}

function ChangeForm({
  camera,
  onReload,
}: {
  readonly camera: CameraDetails;
  readonly onReload: () => Promise<void>;
}) {
  const { id, revision, settings } = camera;
  const { draft, restored, clear } = useDraft<CameraDraft>(`cameras.change ${id}`, draftOf(camera), {
    unstored: ['password'],
    revision,
  });
  const forgetsLogin = useSignal(false);
  const check = useAddressCheck(draft.value);
  const { route } = useLocation();
  const changes = {
    ...changesOf(draft.value, camera),
    ...(forgetsLogin.value && { forgetLogin: true as const }),
  };
  const hasChanges = Object.keys(changes).length > 0;
  const save = async (): Promise<void> => {
    if (!check.admits()) return;
    const input = { id, ...changes, ...(revision !== undefined && { ifRevision: revision }) };
    await call('cameras.change', input);
    say(t('changed', { name: draft.value.name }));
    clear();
    route(`/cameras/${encodeURIComponent(id)}`);
  };
  const hasLogin = settings.credential !== undefined;
  return (
    <Section title={t('settings')}>
      <Form
        act={t('save-changes')}
        onAct={save}
        onAnew={onReload}
        isReady={hasChanges}
        look="fit"
        note={t('change-hint')}
      >
        <RestoredDraft of={restored} />
        <Field
          label={t('name')}
          required
          maxLength={100}
          value={draft.value.name}
          onValue={(name) => into(draft)({ ...draft.value, name })}
        />
        <DirectionField draft={draft.value} onDraft={into(draft)} />
        <AddressFields {...{ draft: draft.value, onDraft: into(draft), wrong: check.wrong, hasLogin }} />
        {hasLogin && <Tick label={t('forget-login')} {...bound(forgetsLogin)} />}
      </Form>
    </Section>
  );
}
