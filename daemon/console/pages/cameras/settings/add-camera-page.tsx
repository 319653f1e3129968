import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { CameraTest, Discovered } from '../../../../contract/cameras.js';
import { directions } from '../../../../kernel/events/event.js';
import { call } from '../../../api/call.js';
import { useAct } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { ActionBar } from '../../../parts/actions.js';
import { Form } from '../../../parts/form.js';
import { Choice, Field, into } from '../../../parts/form-fields.js';
import { say } from '../../../parts/notes.js';
import { Badge, PageHead, Section } from '../../../parts/page.js';
import { directionWord } from '../../../parts/term-words.js';
import { RestoredDraft, useDraft } from '../../../parts/use-draft.js';
import { wordsOf } from '../../../words/words.js';
import {
  AddressFields,
  addressOfDraft,
  type CameraDraft,
  cameraOfDraft,
  type DraftFieldsProps,
  emptyDraft,
  idOf,
  useAddressCheck,
} from './camera-draft.js';
import { TestResult } from './camera-test-result.js';
import { DeviceStreams } from './device-streams.js';

const t = wordsOf<typeof en>('cameras');

/** Adds a camera: find it or type its address, test it, name it, save it. */
export default function AddCamera() {
  const { draft, restored, clear } = useDraft<CameraDraft>('cameras.create', emptyDraft, {
    unstored: ['password'],
  });
  /** The last test, and the draft that it is about. */
  const tested = useSignal<{ readonly test: CameraTest; readonly address: string } | undefined>(undefined);
  /** Where the chosen device answers; empty: none is chosen. */
  const device = useSignal('');
  const { route } = useLocation();
  const isTested = tested.value?.address === JSON.stringify(addressOfDraft(draft.value));
  const save = async (): Promise<void> => {
    const { id, name } = draft.value;
    await call('cameras.create', cameraOfDraft(draft.value));
    clear();
    say(t('added', { name }));
    route(`/cameras/${encodeURIComponent(id)}`);
  };
  const hasFailed = isTested && tested.value?.test.outcome === 'failed';
  return (
    <>
      <PageHead title={t('add')} lead={t('add-lead')} back={{ href: '/cameras', text: t('title') }} />
      <RestoredDraft of={restored} />
      <Discovery
        onChosen={({ address, services }) => {
          const host = address.includes(':') ? `[${address}]` : address;
          const own = services.map((each) => new URL(each)).find(({ hostname }) => hostname === host);
          device.value = own?.origin ?? '';
          draft.value = { ...draft.value, url: `rtsp://${host}/`, substream: '' };
        }}
      />
      <Address
        device={deviceAt(draft.value.url, device.value)}
        draft={draft.value}
        onDraft={into(draft)}
        test={isTested ? tested.value?.test : undefined}
        onTest={(test, address) => {
          tested.value = { test, address };
        }}
      />
      <Section title={t('name-and-meaning')}>
        <Form
          act={hasFailed ? t('save-anyway') : t('add')}
          onAct={save}
          isReady={isTested}
          look="fit"
          note={t(!isTested ? 'test-first' : hasFailed ? 'save-anyway-hint' : 'save-hint')}
        >
          <NameFields draft={draft.value} onDraft={into(draft)} />
        </Form>
      </Section>
    </>
  );
}

/** The chosen device if it is on the host of this camera; otherwise that host, or nothing. */
function deviceAt(url: string, chosen: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return URL.canParse(chosen) && new URL(chosen).hostname === host ? chosen : host;
}

interface AddressProps extends DraftFieldsProps {
  readonly device: string;
  readonly test: CameraTest | undefined;
  readonly onTest: (test: CameraTest, address: string) => void;
}

function Address({ device, draft, onDraft, test, onTest }: AddressProps) {
  const testing = useAct();
  const check = useAddressCheck(draft);
  const run = (): void => {
    testing.clear();
    if (!check.admits()) return;
    const input = addressOfDraft(draft);
    void testing.run(async () => onTest(await call('cameras.test-address', input), JSON.stringify(input)));
  };
  return (
    <Section title={t('url')}>
      <Form
        act={t('test')}
        onAct={run}
        doing={testing}
        look="secondary fit"
        others={testing.isRunning && <p role="status">{t('testing')}</p>}
      >
        <AddressFields draft={draft} onDraft={onDraft} wrong={check.wrong} />
        {device !== '' && <DeviceStreams {...{ draft, onDraft, device }} />}
      </Form>
      {test && !testing.isRunning && (
        <TestResult test={test} onTrust={(fingerprint) => onDraft({ ...draft, fingerprint })} />
      )}
    </Section>
  );
}

function NameFields({ draft, onDraft }: DraftFieldsProps) {
  const isOwnId = draft.id !== idOf(draft.name);
  return (
    <>
      <Field
        label={t('name')}
        hint={t('name-hint')}
        required
        maxLength={100}
        value={draft.name}
        onValue={(name) => onDraft({ ...draft, name, ...(!isOwnId && { id: idOf(name) }) })}
      />
      <Field
        label={t('id')}
        hint={t('id-hint')}
        required
        maxLength={64}
        autocapitalize="none"
        spellcheck={false}
        value={draft.id}
        onValue={(id) => onDraft({ ...draft, id })}
      />
      <DirectionField draft={draft} onDraft={onDraft} />
    </>
  );
}

/** What an attendance at the camera means. */
export function DirectionField({ draft, onDraft }: DraftFieldsProps) {
  return (
    <Choice
      label={t('meaning')}
      hint={t('meaning-hint')}
      value={draft.direction}
      options={directions.map((each) => [each, directionWord(each)])}
      onValue={(direction) => onDraft({ ...draft, direction })}
    />
  );
}

/** Looks for cameras in the networks of the box. */
function Discovery({ onChosen }: { readonly onChosen: (device: FoundDevice) => void }) {
  const found = useSignal<Discovered | undefined>(undefined);
  const look = async (): Promise<void> => {
    found.value = await call('cameras.discover', {});
  };
  return (
    <Section title={t('discover')}>
      <p>{t('discover-lead')}</p>
      <ActionBar place="start" of={[{ text: t('discover-act'), icon: 'search', onAct: look }]} />
      <div role="status">
        {found.value && <p>{t('discovered', { count: found.value.devices.length })}</p>}
        {found.value?.isCutShort && <p>{t('discovered-more')}</p>}
      </div>
      {found.value && (
        <ul class="plain-list">
          {found.value.devices.map((device) => (
            <Device key={device.address} device={device} onChosen={onChosen} />
          ))}
        </ul>
      )}
    </Section>
  );
}

type FoundDevice = Discovered['devices'][number];

function Device({
  device,
  onChosen,
}: {
  readonly device: FoundDevice;
  readonly onChosen: (device: FoundDevice) => void;
}) {
  const { address, name, hardware, location, cameraIds } = device;
  return (
    <li class="device">
      <div>
        <strong>{name ?? hardware ?? address}</strong>
        <p class="quiet">{[address, hardware, location].filter(Boolean).join(' · ')}</p>
      </div>
      {cameraIds.length > 0 ? (
        <Badge tone="quiet">{t('device-known', { cameras: cameraIds.join(', ') })}</Badge>
      ) : (
        <button type="button" class="small secondary" onClick={() => onChosen(device)}>
          {t('device-use')}
        </button>
      )}
    </li>
  );
}
