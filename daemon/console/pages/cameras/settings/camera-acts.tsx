import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { CameraDetails, CameraTest } from '../../../../contract/cameras.js';
import { call } from '../../../api/call.js';
import { useAct } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { Confirm, Dialog } from '../../../parts/dialog.js';
import { Fault } from '../../../parts/fault.js';
import { say } from '../../../parts/notes.js';
import { Section } from '../../../parts/page.js';
import { wordsOf } from '../../../words/words.js';
import { TestResult } from './camera-test-result.js';

const t = wordsOf<typeof en>('cameras');

interface ActsProps {
  readonly camera: CameraDetails;
  readonly onChanged: (camera: CameraDetails) => void;
}

/** What one can do with a camera: test it, change it, switch it off, delete it. */
export function CameraActs({ camera, onChanged }: ActsProps) {
  const { id, isOwn } = camera;
  return (
    <Section title={t('acts')}>
      {!isOwn && <p>{t('of-configuration')}</p>}
      <div class="acts start">
        <TestAct id={id} />
        {isOwn && (
          <>
            <a href={`/cameras/${encodeURIComponent(id)}/change`}>{t('change')}</a>
            <SwitchAct camera={camera} onChanged={onChanged} />
            <DeleteAct camera={camera} />
          </>
        )}
      </div>
    </Section>
  );
}

function TestAct({ id }: { readonly id: string }) {
  const testing = useAct();
  const test = useSignal<CameraTest | undefined>(undefined);
  const isOpen = useSignal(false);
  const run = (): Promise<boolean> => {
    isOpen.value = true;
    test.value = undefined;
    return testing.run(async () => {
      test.value = await call('cameras.test', { id });
    });
  };
  return (
    <>
      <button type="button" class="small secondary" aria-busy={testing.isRunning} onClick={() => void run()}>
        {t('test')}
      </button>
      {isOpen.value && (
        <Dialog
          title={t('test-title')}
          onClose={() => {
            isOpen.value = false;
          }}
        >
          {testing.isRunning && <p role="status">{t('testing')}</p>}
          <Fault error={testing.fault} />
          {test.value && <TestResult test={test.value} />}
        </Dialog>
      )}
    </>
  );
}

function SwitchAct({ camera, onChanged }: ActsProps) {
  const { id, name, isEnabled, revision } = camera;
  const isAsking = useSignal(false);
  const ask = (isOpen: boolean): void => {
    isAsking.value = isOpen;
  };
  const change = async (): Promise<void> => {
    const input = { id, isEnabled: !isEnabled, ...(revision !== undefined && { ifRevision: revision }) };
    onChanged(await call('cameras.change', input));
  };
  return (
    <>
      <button type="button" class="small secondary" onClick={() => ask(true)}>
        {t(isEnabled ? 'switch-off' : 'switch-on')}
      </button>
      {isAsking.value && (
        <Confirm
          title={t(isEnabled ? 'switch-off-title' : 'switch-on-title', { name })}
          act={t(isEnabled ? 'switch-off' : 'switch-on')}
          onAct={change}
          onClose={() => ask(false)}
        >
          <p>{t(isEnabled ? 'switch-off-lead' : 'switch-on-lead')}</p>
        </Confirm>
      )}
    </>
  );
}

function DeleteAct({ camera: { id, name } }: Pick<ActsProps, 'camera'>) {
  const isAsking = useSignal(false);
  const { route } = useLocation();
  const close = (isDone: boolean): void => {
    isAsking.value = false;
    if (!isDone) return;
    say(t('deleted', { name }));
    route('/cameras');
  };
  return (
    <>
      <button
        type="button"
        class="small danger"
        onClick={() => {
          isAsking.value = true;
        }}
      >
        {t('delete')}
      </button>
      {isAsking.value && (
        <Confirm
          title={t('delete-title', { name })}
          act={t('delete')}
          isDestructive
          onAct={() => call('cameras.delete', { id })}
          onClose={close}
        >
          <p>{t('delete-lead')}</p>
        </Confirm>
      )}
    </>
  );
}
