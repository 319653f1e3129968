import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { CameraDetails } from '../../../../contract/cameras.js';
import type { PassagesPreview, PreviewedPolicy } from '../../../../contract/reports.js';
import { type LivenessRequirement, livenessRequirements } from '../../../../kernel/liveness/liveness.js';
import type { PassageOutcome } from '../../../../kernel/passage-outcome.js';
import { call, type Input } from '../../../api/call.js';
import { can } from '../../../api/session.js';
import { useAct } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { Form } from '../../../parts/form.js';
import { Choice, Field } from '../../../parts/form-fields.js';
import { say } from '../../../parts/notes.js';
import { Section } from '../../../parts/page.js';
import { PreviewDoubts } from '../../../parts/preview-doubts.js';
import { Fault } from '../../../parts/shown-fault.js';
import { Table } from '../../../parts/table.js';
import { OutcomeBadge, proofWord } from '../../../parts/term-words.js';
import { RestoredDraft, useDraft } from '../../../parts/use-draft.js';
import { dayAndTime, number } from '../../../time/site-format.js';
import { wordsOf } from '../../../words/words.js';

const t = wordsOf<typeof en>('cameras');

interface TuneProps {
  readonly camera: CameraDetails;
  readonly onChanged: (camera: CameraDetails) => void;
}

/** Tunes a camera at the place: what it takes for a face, how often it looks, and what it demands as proof of life. */
export function Tune({ camera, onChanged }: TuneProps) {
  const { id, isOwn, revision } = camera;
  const began = useSignal({ tuning: tuningOf(camera), revision });
  const { draft, restored, clear } = useDraft<Tuning>(`cameras.tune ${id}`, began.value.tuning, { revision });
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
    clear(began.value.tuning);
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
  const save = async (): Promise<void> => {
    const ifRevision = began.value.revision;
    const changed = await call('cameras.change', {
      ...{ id, ...changes },
      ...(ifRevision !== undefined && { ifRevision }),
    });
    onChanged(changed);
    begin(changed);
    say(t('tuned', { name: changed.name }));
  };
  const loadAnew = (): Promise<boolean> =>
    saving.run(async () => {
      const shown = await call('cameras.show', { id });
      onChanged(shown);
      begin(shown);
    });
  return (
    <Section title={t('tune')}>
      <p class="quiet">{t(isOwn ? 'tune-lead' : 'tune-of-configuration')}</p>
      <Form
        act={t('save-changes')}
        onAct={() => saving.run(save)}
        doing={saving}
        onAnew={loadAnew}
        isReady={Object.keys(changes).length > 0}
        isOffered={isOwn}
        place="start"
        others={
          can('passages:read') && (
            <button
              type="button"
              class="secondary"
              disabled={!hasPolicy}
              aria-busy={previewing.isRunning}
              onClick={() => void look()}
            >
              {t('preview')}
            </button>
          )
        }
      >
        <RestoredDraft of={restored} />
        <TuneFields tuning={draft.value} onChange={put} />
        <Fault error={previewing.fault} />
        {preview.value && <TunePreview preview={preview.value} />}
      </Form>
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

/** The settings of a camera that are tuned at the place, as they are typed. */
interface Tuning {
  readonly smallestFacePx: string;
  readonly idleFps: string;
  readonly trackingFps: string;
  readonly provingFps: string;
  /** Empty: as for all cameras. */
  readonly requireLiveness: LivenessRequirement | '';
}

const rates = ['idleFps', 'trackingFps', 'provingFps'] as const;
const numbers = ['smallestFacePx', ...rates] as const;

function tuningOf({ settings }: CameraDetails): Tuning {
  const { smallestFacePx, idleFps, trackingFps, provingFps, requireLiveness = '' } = settings;
  return {
    ...{ smallestFacePx: String(smallestFacePx), idleFps: String(idleFps) },
    ...{ trackingFps: String(trackingFps), provingFps: String(provingFps) },
    // The contract leaves the words of the requirement open.
    requireLiveness: requireLiveness as LivenessRequirement | '',
  };
}

/** What `cameras.change` is asked for: only what differs. An empty field gives the setting back to its default. */
function changesOfTuning(
  now: Tuning,
  camera: CameraDetails,
): Omit<Input<'cameras.change'>, 'id' | 'ifRevision'> {
  const before = tuningOf(camera);
  const changed = numbers
    .filter((name) => now[name].trim() !== before[name])
    .map((name) => [name, now[name].trim() === '' ? null : Number(now[name])] as const);
  return {
    ...Object.fromEntries(changed),
    ...(now.requireLiveness !== before.requireLiveness && {
      requireLiveness: now.requireLiveness === '' ? null : now.requireLiveness,
    }),
  };
}

/** The part of the changes whose effect on recorded passages the box can tell. */
function policyOf(now: Tuning, camera: CameraDetails): PreviewedPolicy {
  const { smallestFacePx, requireLiveness } = changesOfTuning(now, camera);
  const require = now.requireLiveness;
  const [rateNow, rateBefore] = [rateUntilProven(now), rateUntilProven(tuningOf(camera))];
  return {
    ...(typeof smallestFacePx === 'number' && { smallestFacePx }),
    ...(requireLiveness !== undefined && require !== '' && { require }),
    ...(rateNow !== undefined && rateNow !== rateBefore && { provingFps: rateNow }),
  };
}

/** Pictures a second that show whether a face blinks: the greater rate counts. Undefined while a field is empty. */
function rateUntilProven({ trackingFps, provingFps }: Tuning): number | undefined {
  const typed = [trackingFps, provingFps];
  return typed.some((text) => text.trim() === '') ? undefined : Math.max(...typed.map(Number));
}

/** Changed passages that are shown; the page of accuracy shows all. */
const most = 8;

/** What the last passages of the camera would have become. */
function TunePreview({ preview }: { readonly preview: PassagesPreview }) {
  const [policy] = preview.policies;
  if (policy === undefined) return null;
  const { changed, unknown } = policy;
  return (
    <div role="status" class="tune-preview">
      <p>
        {t('preview-result', {
          ...{ passages: preview.passages, changed: changed.length, unknown: unknown.length },
        })}
      </p>
      <Counts recorded={preview.recorded} after={policy.byOutcome} />
      {changed.length > 0 && (
        <ul class="plain-list">
          {changed.slice(0, most).map(({ id, startedAt, recorded, wouldBe }) => (
            <li key={id}>
              <a href={`/passages/${encodeURIComponent(id)}`}>{dayAndTime(startedAt)}</a>{' '}
              <OutcomeBadge outcome={recorded.outcome} /> → <OutcomeBadge outcome={wouldBe.outcome} />
            </li>
          ))}
        </ul>
      )}
      <PreviewDoubts unknown={unknown} />
    </div>
  );
}

type ByOutcome = PassagesPreview['recorded'];

function Counts({ recorded, after }: { readonly recorded: ByOutcome; readonly after: ByOutcome }) {
  // Object.keys forgets that the keys are outcomes.
  const outcomes = [...new Set([...Object.keys(recorded), ...Object.keys(after)])] as PassageOutcome[];
  if (outcomes.length === 0) return null;
  return (
    <Table
      label={t('preview-table')}
      items={outcomes}
      keyOf={(outcome) => outcome}
      columns={[
        { head: t('outcome'), cell: (outcome) => <OutcomeBadge outcome={outcome} /> },
        { head: t('recorded'), isFigure: true, cell: (outcome) => number(recorded[outcome] ?? 0) },
        { head: t('would-be'), isFigure: true, cell: (outcome) => number(after[outcome] ?? 0) },
      ]}
    />
  );
}
