import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { CameraTest, Discovered } from '../../../../contract/cameras.js';
import { directions } from '../../../../kernel/events/event.js';
import { call } from '../../../api/call.js';
import { useAct } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { Fault } from '../../../parts/fault.js';
import { Choice, Field } from '../../../parts/field.js';
import { Icon } from '../../../parts/icon.js';
import { say } from '../../../parts/notes.js';
import { Badge, PageHead, Section } from '../../../parts/page.js';
import { directionWord } from '../../../parts/terms.js';
import { wordsOf } from '../../../words/words.js';
import {
  AddressFields,
  addressOfDraft,
  type CameraDraft,
  cameraOfDraft,
  type DraftFieldsProps,
  emptyDraft,
  idOf,
} from './camera-draft.js';
import { TestResult } from './camera-test-result.js';

const t = wordsOf<typeof en>('cameras');

/** Adds a camera: find it or type its address, test it, name it, save it. */
export default function AddCamera() {
  const draft = useSignal<CameraDraft>(emptyDraft);
  /** The last test, and the draft that it is about. */
  const tested = useSignal<{ readonly test: CameraTest; readonly address: string } | undefined>(undefined);
  const { route } = useLocation();
  const saving = useAct();
  const change = (next: CameraDraft): void => {
    draft.value = next;
  };
  const isTested = tested.value?.address === JSON.stringify(addressOfDraft(draft.value));
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { id, name } = draft.value;
    const isSaved = await saving.run(() => call('cameras.create', cameraOfDraft(draft.value)));
    if (!isSaved) return;
    say(t('added', { name }));
    route(`/cameras/${encodeURIComponent(id)}`);
  };
  const hasFailed = isTested && tested.value?.test.outcome === 'failed';
  return (
    <>
      <PageHead title={t('add')} lead={t('add-lead')} back={{ href: '/cameras', text: t('title') }} />
      <Discovery
        onChosen={(address) => {
          const host = address.includes(':') ? `[${address}]` : address;
          change({ ...draft.value, url: `rtsp://${host}/` });
        }}
      />
      <Address
        draft={draft.value}
        onDraft={change}
        test={isTested ? tested.value?.test : undefined}
        onTest={(test, address) => {
          tested.value = { test, address };
        }}
      />
      <Section title={t('name-and-meaning')}>
        <form onSubmit={save}>
          <NameFields draft={draft.value} onDraft={change} />
          <Fault error={saving.fault} />
          <p class="quiet">{t(!isTested ? 'test-first' : hasFailed ? 'save-anyway-hint' : 'save-hint')}</p>
          <button type="submit" class="fit" disabled={!isTested} aria-busy={saving.isRunning}>
            {hasFailed ? t('save-anyway') : t('save')}
          </button>
        </form>
      </Section>
    </>
  );
}

interface AddressProps extends DraftFieldsProps {
  readonly test: CameraTest | undefined;
  readonly onTest: (test: CameraTest, address: string) => void;
}

function Address({ draft, onDraft, test, onTest }: AddressProps) {
  const testing = useAct();
  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    const input = addressOfDraft(draft);
    await testing.run(async () => onTest(await call('cameras.test-address', input), JSON.stringify(input)));
  };
  return (
    <Section title={t('address')}>
      <form onSubmit={run}>
        <AddressFields draft={draft} onDraft={onDraft} />
        <Fault error={testing.fault} />
        <button type="submit" class="secondary fit" aria-busy={testing.isRunning}>
          {t('test')}
        </button>
        {testing.isRunning && <p role="status">{t('testing')}</p>}
      </form>
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
function Discovery({ onChosen }: { readonly onChosen: (address: string) => void }) {
  const found = useSignal<Discovered | undefined>(undefined);
  const doing = useAct();
  const look = (): Promise<boolean> =>
    doing.run(async () => {
      found.value = await call('cameras.discover', {});
    });
  return (
    <Section title={t('discover')}>
      <p>{t('discover-lead')}</p>
      <button type="button" class="secondary" aria-busy={doing.isRunning} onClick={() => void look()}>
        <Icon name="search" /> {t('discover-act')}
      </button>
      <Fault error={doing.fault} />
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

function Device({
  device: { address, name, hardware, location, cameraIds },
  onChosen,
}: {
  readonly device: Discovered['devices'][number];
  readonly onChosen: (address: string) => void;
}) {
  return (
    <li class="device">
      <div>
        <strong>{name ?? hardware ?? address}</strong>
        <p class="quiet">{[address, hardware, location].filter(Boolean).join(' · ')}</p>
      </div>
      {cameraIds.length > 0 ? (
        <Badge tone="quiet">{t('device-known', { cameras: cameraIds.join(', ') })}</Badge>
      ) : (
        <button type="button" class="small secondary" onClick={() => onChosen(address)}>
          {t('device-use')}
        </button>
      )}
    </li>
  );
}
