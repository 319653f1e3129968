import { useSignal } from '@preact/signals';
import { livenessRequirements } from '../../../kernel/liveness/liveness.js';
import type { PassageOutcome } from '../../../kernel/passage-outcome.js';
import { call, type Input, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/accuracy.json';
import { Fault } from '../../parts/fault.js';
import { Choice, Field } from '../../parts/field.js';
import { Section, Wide } from '../../parts/page.js';
import { PreviewDoubts } from '../../parts/preview-doubts.js';
import { OutcomeBadge, outcomeWord, proofWord, reasonWord } from '../../parts/terms.js';
import { dayAndTime, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

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

/** Changed passages that are shown of each policy. */
const mostShown = 20;

/** What the passages were, and what each policy would have made of them. */
function PreviewResult({ answer }: { readonly answer: Answer }) {
  const { recorded, policies, passages, unreadable } = answer;
  const found = [recorded, ...policies.map(({ byOutcome }) => byOutcome)];
  const outcomes = [...new Set(found.flatMap((counts) => Object.keys(counts)))] as readonly PassageOutcome[];
  const names = policies.map((_, index) => t(index === 0 ? 'policy-a' : 'policy-b'));
  return (
    <>
      <h3>{t('result', { passages })}</h3>
      {unreadable > 0 && <p class="quiet">{t('unreadable', { count: unreadable })}</p>}
      <Wide label={t('policies')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('outcome')}</th>
              <th scope="col" class="figure">
                {t('recorded')}
              </th>
              {names.map((name) => (
                <th key={name} scope="col" class="figure">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {outcomes.map((outcome) => (
              <tr key={outcome}>
                <th scope="row">
                  <OutcomeBadge outcome={outcome} />
                </th>
                <td class="figure">{number(recorded[outcome] ?? 0)}</td>
                {policies.map(({ byOutcome }, index) => (
                  <td key={names[index]} class="figure">
                    {number(byOutcome[outcome] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
            <tr>
              <th scope="row">{t('changed')}</th>
              <td />
              {policies.map(({ changed }, index) => (
                <td key={names[index]} class="figure">
                  {number(changed.length)}
                </td>
              ))}
            </tr>
            <tr>
              <th scope="row">{t('unknown')}</th>
              <td />
              {policies.map(({ unknown }, index) => (
                <td key={names[index]} class="figure">
                  {number(unknown.length)}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </Wide>
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
  readonly policy: Answer['policies'][number];
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
            : {reasonWord(wouldBe.reason)}
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
