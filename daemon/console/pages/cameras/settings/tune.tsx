import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { CameraDetails } from '../../../../contract/cameras.js';
import type { PassagesPreview } from '../../../../contract/reports.js';
import { livenessRequirements } from '../../../../kernel/liveness/liveness.js';
import { call } from '../../../api/call.js';
import { can } from '../../../api/session.js';
import { useAct } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { Fault } from '../../../parts/fault.js';
import { Choice, Field } from '../../../parts/field.js';
import { say } from '../../../parts/notes.js';
import { Section } from '../../../parts/page.js';
import { proofWord } from '../../../parts/terms.js';
import { wordsOf } from '../../../words/words.js';
import { TunePreview } from './tune-preview.js';
import { changesOfTuning, policyOf, rates, type Tuning, tuningOf } from './tuning.js';

const t = wordsOf<typeof en>('cameras');

interface TuneProps {
  readonly camera: CameraDetails;
  readonly onChanged: (camera: CameraDetails) => void;
}

/** Tunes a camera at the place: what it takes for a face, how often it looks, and what it demands as proof of life. */
export function Tune({ camera, onChanged }: TuneProps) {
  const { id, isOwn, revision } = camera;
  const began = useSignal({ tuning: tuningOf(camera), revision });
  const draft = useSignal<Tuning>(began.value.tuning);
  const preview = useSignal<PassagesPreview | undefined>(undefined);
  const previewing = useAct();
  const saving = useAct();
  const put = (part: Partial<Tuning>): void => {
    draft.value = { ...draft.value, ...part };
    preview.value = undefined;
  };
  const changes = changesOfTuning(draft.value, camera);
  const policy = policyOf(draft.value, camera);
  const hasPolicy = Object.keys(policy).length > 0;
  const begin = (shown: CameraDetails): void => {
    began.value = { tuning: tuningOf(shown), revision: shown.revision };
    draft.value = began.value.tuning;
    preview.value = undefined;
  };
  useEffect(() => {
    // The camera was changed elsewhere: without a draft of one's own, there is nothing to lose.
    const isUntouched = JSON.stringify(draft.value) === JSON.stringify(began.value.tuning);
    if (revision !== began.value.revision && isUntouched) begin(camera);
  }, [revision]);
  const look = (): Promise<boolean> =>
    previewing.run(async () => {
      preview.value = await call('reports.preview', { camera: id, last: 100, policies: [policy] });
    });
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const ifRevision = began.value.revision;
    await saving.run(async () => {
      const changed = await call('cameras.change', {
        ...{ id, ...changes },
        ...(ifRevision !== undefined && { ifRevision }),
      });
      onChanged(changed);
      begin(changed);
      say(t('tuned', { name: changed.name }));
    });
  };
  const loadAnew = async (): Promise<void> => {
    await saving.run(async () => {
      const shown = await call('cameras.show', { id });
      onChanged(shown);
      begin(shown);
    });
  };
  return (
    <Section title={t('tune')}>
      <p class="quiet">{t(isOwn ? 'tune-lead' : 'tune-of-configuration')}</p>
      <form onSubmit={save}>
        <TuneFields tuning={draft.value} onChange={put} />
        <Fault error={previewing.fault} />
        {preview.value && <TunePreview preview={preview.value} />}
        <Fault
          error={saving.fault}
          {...(saving.fault?.code === 'changed-meanwhile' && { onRetry: () => void loadAnew() })}
        />
        <div class="acts start">
          {can('passages:read') && (
            <button
              type="button"
              class="secondary"
              disabled={!hasPolicy}
              aria-busy={previewing.isRunning}
              onClick={() => void look()}
            >
              {t('preview')}
            </button>
          )}
          {isOwn && (
            <button type="submit" disabled={Object.keys(changes).length === 0} aria-busy={saving.isRunning}>
              {t('save-changes')}
            </button>
          )}
        </div>
      </form>
    </Section>
  );
}

function TuneFields({
  tuning,
  onChange,
}: {
  readonly tuning: Tuning;
  readonly onChange: (part: Partial<Tuning>) => void;
}) {
  const options = [
    ['', t('proof-of-all')] as const,
    ...livenessRequirements.map((proof) => [proof, proofWord(proof)] as const),
  ];
  return (
    <div class="cards">
      <Field
        label={t('smallest-face')}
        hint={t('smallest-face-hint')}
        type="number"
        min={16}
        max={1000}
        step={1}
        value={tuning.smallestFacePx}
        onValue={(smallestFacePx) => onChange({ smallestFacePx })}
      />
      <Choice
        label={t('proof')}
        hint={t('proof-hint')}
        value={tuning.requireLiveness}
        options={options}
        onValue={(requireLiveness) => onChange({ requireLiveness })}
      />
      {rates.map((rate) => (
        <Field
          key={rate}
          label={t(`rate-${rate}`)}
          hint={t(`rate-hint-${rate}`)}
          type="number"
          min={rate === 'idleFps' ? 0.5 : 1}
          max={30}
          step="any"
          value={tuning[rate]}
          onValue={(value) => onChange({ [rate]: value })}
        />
      ))}
    </div>
  );
}
