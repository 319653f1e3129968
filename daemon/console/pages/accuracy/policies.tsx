import { useSignal } from '@preact/signals';
import { livenessRequirements } from '../../../kernel/liveness/liveness.js';
import { call, type Input, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/accuracy.json';
import { Fault } from '../../parts/fault.js';
import { Choice, Field } from '../../parts/field.js';
import { Section } from '../../parts/page.js';
import { proofWord } from '../../parts/terms.js';
import { wordsOf } from '../../words/words.js';
import { PreviewResult } from './preview-result.js';

const t = wordsOf<typeof en>('accuracy');

type Policy = Input<'reports.preview'>['policies'][number];
type Answer = Output<'reports.preview'>;

/** What is typed of a policy; an empty text leaves the setting as it was. */
type Draft = Readonly<Record<keyof Policy, string>>;

const untouched: Draft = {
  ...{ threshold: '', margin: '', minimumProbes: '', require: '', minimumBlinks: '', attackAfterS: '' },
  ...{ smallestFacePx: '', provingFps: '' },
};

/** The settings that are numbers, with the limits of the configuration. */
const figures = [
  ['threshold', -0.99, 0.99, 0.01],
  ['margin', 0, 0.99, 0.01],
  ['minimumProbes', 1, 10, 1],
  ['minimumBlinks', 1, 10, 1],
  ['attackAfterS', 5, 300, 1],
  ['smallestFacePx', 16, 1000, 1],
  ['provingFps', 1, 30, 1],
] as const;
const amounts = ['100', '300', '1000'] as const;

/** Two policies side by side on the last passages of a camera. */
export function Policies() {
  const camera = useSignal('');
  const last = useSignal<(typeof amounts)[number]>('100');
  const first = useSignal(untouched);
  const second = useSignal(untouched);
  const answer = useSignal<Answer | undefined>(undefined);
  const act = useAct();
  const cameras = useFetched('cameras.list', {}, { isWanted: can('cameras:read') });
  const submit = (event: Event): void => {
    event.preventDefault();
    void act.run(async () => {
      const drafts = [first.value, second.value];
      answer.value = await call('reports.preview', {
        ...(camera.value !== '' && { camera: camera.value }),
        last: Number(last.value),
        policies: drafts.map(policyOf),
      });
    });
  };
  return (
    <Section title={t('policies')}>
      <p class="quiet">{t('policies-lead')}</p>
      <form onSubmit={submit}>
        <div class="filters">
          <Choice
            label={t('camera')}
            value={camera.value}
            options={[
              ['', t('all-cameras')],
              ...(cameras.value ?? []).map(({ id, name }) => [id, name] as const),
            ]}
            onValue={(id) => (camera.value = id)}
          />
          <Choice
            label={t('last')}
            value={last.value}
            options={amounts.map((each) => [each, t('last-of', { count: Number(each) })])}
            onValue={(count) => (last.value = count)}
          />
        </div>
        <div class="versus">
          <PolicyFields
            title={t('policy-a')}
            draft={first.value}
            onDraft={(draft) => (first.value = draft)}
          />
          <PolicyFields
            title={t('policy-b')}
            draft={second.value}
            onDraft={(draft) => (second.value = draft)}
          />
        </div>
        <Fault error={act.fault} />
        <button type="submit" aria-busy={act.isRunning}>
          {t('compare')}
        </button>
      </form>
      <div role="status">{answer.value !== undefined && <PreviewResult answer={answer.value} />}</div>
    </Section>
  );
}

interface PolicyFieldsProps {
  readonly title: string;
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
}

function PolicyFields({ title, draft, onDraft }: PolicyFieldsProps) {
  return (
    <fieldset>
      <legend>{title}</legend>
      <div class="fields">
        {figures.map(([name, min, max, step]) => (
          <Field
            key={name}
            type="number"
            label={t(`setting-${name}`)}
            placeholder={t('as-recorded')}
            value={draft[name]}
            onValue={(text) => onDraft({ ...draft, [name]: text })}
            {...{ min, max, step }}
          />
        ))}
        <Choice
          label={t('setting-require')}
          value={draft.require}
          options={[
            ['', t('as-recorded')],
            ...livenessRequirements.map((proof) => [proof, proofWord(proof)] as const),
          ]}
          onValue={(require) => onDraft({ ...draft, require })}
        />
      </div>
    </fieldset>
  );
}

function policyOf(draft: Draft): Policy {
  const numbers = figures.flatMap(([name]) =>
    draft[name] === '' ? [] : [[name, Number(draft[name])] as const],
  );
  const require = livenessRequirements.find((proof) => proof === draft.require);
  return { ...Object.fromEntries(numbers), ...(require !== undefined && { require }) };
}
