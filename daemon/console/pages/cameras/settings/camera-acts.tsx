import { useLocation } from 'preact-iso';
import type { CameraDetails } from '../../../../contract/cameras.js';
import { call } from '../../../api/call.js';
import { useFetched } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { ActionBar } from '../../../parts/actions.js';
import { Dialog } from '../../../parts/dialog.js';
import { say } from '../../../parts/notes.js';
import { Section } from '../../../parts/page.js';
import { Fault } from '../../../parts/shown-fault.js';
import { useDialog } from '../../../parts/use-dialog.js';
import { wordsOf } from '../../../words/words.js';
import { TestResult } from './camera-test-result.js';

const t = wordsOf<typeof en>('cameras');

interface ActsProps {
  readonly camera: CameraDetails;
  readonly onChanged: (camera: CameraDetails) => void;
}

/** What one can do with a camera: test it, change it, switch it off, delete it. */
export function CameraActs({ camera, onChanged }: ActsProps) {
  const { id, name, isOwn, isEnabled, revision } = camera;
  const { route } = useLocation();
  const testing = useDialog();
  const change = async (): Promise<void> => {
    const input = { id, isEnabled: !isEnabled, ...(revision !== undefined && { ifRevision: revision }) };
    onChanged(await call('cameras.change', input));
  };
  return (
    <Section title={t('acts')}>
      {!isOwn && <p>{t('of-configuration')}</p>}
      <ActionBar
        isSmall
        place="start"
        before={
          <>
            {isOwn && <a href={`/cameras/${encodeURIComponent(id)}/change`}>{t('change')}</a>}
            <a href={`/cameras/${encodeURIComponent(id)}/areas`}>{t('areas-edit')}</a>
          </>
        }
        of={[
          { text: t('test'), onAct: testing.opens(true) },
          {
            text: t(isEnabled ? 'switch-off' : 'switch-on'),
            isOffered: isOwn,
            ask: {
              title: t(isEnabled ? 'switch-off-title' : 'switch-on-title', { name }),
              text: t(isEnabled ? 'switch-off-lead' : 'switch-on-lead'),
            },
            onAct: change,
          },
          {
            text: t('delete'),
            look: 'danger',
            isOffered: isOwn,
            ask: { title: t('delete-title', { name }), text: t('delete-lead'), isDestructive: true },
            onAct: () => call('cameras.delete', { id }),
            onDone: () => {
              say(t('deleted', { name }));
              route('/cameras');
            },
          },
        ]}
      />
      {testing.of && <TestDialog id={id} onClose={testing.closes()} />}
    </Section>
  );
}

/** Tests the camera as soon as it is open. */
function TestDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const test = useFetched('cameras.test', { id });
  return (
    <Dialog title={t('test-title')} onClose={onClose}>
      {test.isLoading && <p role="status">{t('testing')}</p>}
      <Fault error={test.fault} />
      {test.value && <TestResult test={test.value} />}
    </Dialog>
  );
}
