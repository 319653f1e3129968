import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { DeviceProfiles } from '../../../../contract/cameras.js';
import { call } from '../../../api/call.js';
import { useAct } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { bound, Choice, Tick } from '../../../parts/form-fields.js';
import { Fault } from '../../../parts/shown-fault.js';
import { wordsOf } from '../../../words/words.js';
import { type DraftFieldsProps, loginOf } from './camera-draft.js';
import { TestResult } from './camera-test-result.js';

const t = wordsOf<typeof en>('cameras');

type Profile = Extract<DeviceProfiles, { outcome: 'ok' }>['profiles'][number];

interface DeviceStreamsProps extends DraftFieldsProps {
  /** Where the device is asked: the only address that gets the login. */
  readonly device: string;
}

/** Asks a device for its streams, and puts the addresses of the chosen ones into the draft. */
export function DeviceStreams({ draft, onDraft, device }: DeviceStreamsProps) {
  const told = useSignal<{ readonly of: string; readonly answer: DeviceProfiles } | undefined>(undefined);
  const trustsElsewhere = useSignal(false);
  const asking = useAct();
  const latest = useRef(draft);
  latest.current = draft;
  const ask = (fingerprint?: string): void => {
    told.value = undefined;
    trustsElsewhere.value = false;
    void asking.run(async () => {
      const input = { device, ...loginOf(draft), ...(fingerprint !== undefined && { fingerprint }) };
      const answer = await call('cameras.profiles', input);
      told.value = { of: device, answer };
      const main = streamsOf(answer).find(({ isElsewhere }) => !isElsewhere);
      if (main?.url) onDraft({ ...latest.current, url: main.url });
    });
  };
  // Another device may have been chosen meanwhile, or a stream on another host.
  const isCurrent =
    told.value?.of === device || streamsOf(told.value?.answer).some(({ url }) => url === draft.url);
  const answer = isCurrent ? told.value?.answer : undefined;
  return (
    <>
      <p class="quiet">{t('streams-hint', { device })}</p>
      <button type="button" class="secondary fit" aria-busy={asking.isRunning} onClick={() => ask()}>
        {t('streams-read')}
      </button>
      <Fault error={asking.fault} />
      {answer?.outcome === 'failed' && <TestResult test={answer} onTrust={ask} />}
      {answer?.outcome === 'ok' && (
        <>
          <p role="status">{t('streams-found', { count: streamsOf(answer).length })}</p>
          <Streams {...{ draft, onDraft }} profiles={streamsOf(answer)} trusts={trustsElsewhere.value} />
          {answer.isCutShort && <p>{t('streams-more')}</p>}
          {streamsOf(answer).some(({ isElsewhere }) => isElsewhere) && (
            <Tick label={t('streams-elsewhere')} {...bound(trustsElsewhere)} />
          )}
        </>
      )}
    </>
  );
}

/** The profiles with an address. */
const streamsOf = (answer: DeviceProfiles | undefined): readonly Profile[] =>
  answer?.outcome === 'ok' ? answer.profiles.filter(({ url }) => url) : [];

function Streams({
  draft,
  onDraft,
  profiles,
  trusts,
}: DraftFieldsProps & { readonly profiles: readonly Profile[]; readonly trusts: boolean }) {
  const offered = profiles
    .filter(({ isElsewhere }) => trusts || !isElsewhere)
    .map((profile) => [profile.url ?? '', describe(profile)] as const);
  const options = [['', t('streams-none')] as const, ...offered];
  const chosen = (url: string): string => (offered.some(([each]) => each === url) ? url : '');
  return (
    <div class="field-pair">
      <Choice
        label={t('streams-main')}
        value={chosen(draft.url)}
        options={chosen(draft.url) === '' ? options : offered}
        onValue={(url) => onDraft({ ...draft, url })}
      />
      <Choice
        label={t('substream')}
        value={chosen(draft.substream)}
        options={options}
        onValue={(substream) => onDraft({ ...draft, substream })}
      />
    </div>
  );
}

/** One line, with the address of a stream on another host, or of one about which the device says nothing else. */
function describe({ name, codec, widthPx, heightPx, fps, url, isElsewhere }: Profile): string {
  const size = widthPx && heightPx && `${widthPx}×${heightPx}`;
  const said = [name, codec, size, fps && t('per-second', { fps }), isElsewhere && url];
  return said.filter(Boolean).join(' · ') || (url ?? '');
}
