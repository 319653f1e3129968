import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { livenessRequirements } from '../../../kernel/liveness/liveness.js';
import type { PassageOutcome } from '../../../kernel/passage-outcome.js';
import { call, type Input, type Output } from '../../api/call.js';
import type en from '../../messages/en/accuracy.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Form } from '../../parts/form.js';
import { bound, Choice, Field, into } from '../../parts/form-fields.js';
import { Section } from '../../parts/page.js';
import { PreviewDoubts } from '../../parts/preview-doubts.js';
import { Table } from '../../parts/table.js';
import { OutcomeBadge, outcomeWord, proofWord, reasonWord } from '../../parts/term-words.js';
import { dayAndTime, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('accuracy');

type Policy = Input<'reports.preview'>['policies'][number];
type Answer = Output<'reports.preview'>;
type Judged = Answer['policies'][number];

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
  const cameras = useCameras();
  const compare = async (): Promise<void> => {
    answer.value = await call('reports.preview', {
      ...(camera.value !== '' && { camera: camera.value }),
      last: Number(last.value),
      policies: [first.value, second.value].map(policyOf),
    });
  };
  return (
    <Section title={t('policies')}>
      <p class="quiet">{t('policies-lead')}</p>
      <Form act={t('compare')} onAct={compare} look="">
        <div class="filters">
          <Choice
            label={t('camera')}
            {...bound(camera)}
            options={[['', t('all-cameras')], ...cameras.all.map(({ id, name }) => [id, name] as const)]}
          />
          <Choice
            label={t('last')}
            {...bound(last)}
            options={amounts.map((each) => [each, t('last-of', { count: Number(each) })])}
          />
        </div>
        <div class="versus">
          <PolicyFields title={t('policy-a')} draft={first.value} onDraft={into(first)} />
          <PolicyFields title={t('policy-b')} draft={second.value} onDraft={into(second)} />
        </div>
      </Form>
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

/** Changed passages that are shown of each policy. */
const mostShown = 20;

/** What the passages were, and what each policy would have made of them. */
function PreviewResult({ answer }: { readonly answer: Answer }) {
  const { recorded, policies, passages, unreadable } = answer;
  const found = [recorded, ...policies.map(({ byOutcome }) => byOutcome)];
  const outcomes = [...new Set(found.flatMap((counts) => Object.keys(counts)))] as readonly PassageOutcome[];
  const names = policies.map((_, index) => t(index === 0 ? 'policy-a' : 'policy-b'));
  const lines: readonly (readonly [
    head: ComponentChildren,
    recorded: string,
    ofPolicy: (of: Judged) => number,
  ])[] = [
    ...outcomes.map(
      (outcome) =>
        [
          <OutcomeBadge key={outcome} outcome={outcome} />,
          number(recorded[outcome] ?? 0),
          ({ byOutcome }: Judged) => byOutcome[outcome] ?? 0,
        ] as const,
    ),
    [t('changed'), '', ({ changed }) => changed.length],
    [t('unknown'), '', ({ unknown }) => unknown.length],
  ];
  return (
    <>
      <h3>{t('result', { passages })}</h3>
      {unreadable > 0 && <p class="quiet">{t('unreadable', { count: unreadable })}</p>}
      <Table
        label={t('policies')}
        items={lines}
        keyOf={(line) => lines.indexOf(line)}
        columns={[
          { head: t('outcome'), cell: ([head]) => head },
          { head: t('recorded'), isFigure: true, cell: ([, was]) => was },
          ...policies.map((policy, index) => ({
            head: names[index],
            isFigure: true,
            cell: ([, , ofPolicy]: (typeof lines)[number]) => number(ofPolicy(policy)),
          })),
        ]}
      />
      <div class="versus">
        {policies.map((policy, index) => (
          <Changes key={names[index]} title={names[index] ?? ''} policy={policy} />
        ))}
      </div>
    </>
  );
}

function Changes({
  title,
  policy: { changed, unknown },
}: {
  readonly title: string;
  readonly policy: Judged;
}) {
  return (
    <section aria-label={title}>
      <h4>{title}</h4>
      {changed.length === 0 && <p>{t('nothing-changed')}</p>}
      <ul>
        {changed.slice(0, mostShown).map(({ id, startedAt, camera, recorded, wouldBe }) => (
          <li key={id}>
            <a href={`/passages/${id}`}>{t('passage-at', { time: dayAndTime(startedAt), camera })}</a>{' '}
            {t('from-to', {
              from: outcomeWord(recorded.outcome),
              to: outcomeWord(wouldBe.outcome),
              who: wouldBe.person?.name ?? wouldBe.person?.id ?? 'none',
            })}
            : {reasonWord(wouldBe.reason, wouldBe.outcome)}
          </li>
        ))}
      </ul>
      {changed.length > mostShown && (
        <p class="quiet">{t('and-more', { count: changed.length - mostShown })}</p>
      )}
      <PreviewDoubts unknown={unknown} />
    </section>
  );
}
