import type { Output } from '../../api/request.js';
import type en from '../../messages/en/upkeep.json';
import { Remedy, sentence } from '../../parts/fault.js';
import { Badge, type Tone } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('upkeep');

type Finding = Pick<Output<'host.doctor'>['findings'][number], 'check' | 'outcome' | 'message' | 'remedy'>;

const tones = { ok: 'ok', warning: 'warn', failed: 'bad' } as const satisfies Record<
  Finding['outcome'],
  Tone
>;

/** What checks have found, each with what to do. */
export function Findings({ of }: { readonly of: readonly Finding[] }) {
  return (
    <ul class="findings">
      {of.map(({ check, outcome, message, remedy }, index) => (
        <li key={`${index} ${check}`}>
          <p>
            <Badge tone={tones[outcome]}>{t(`outcome-${outcome}`)}</Badge> <strong>{check}</strong>
          </p>
          <p>{sentence(message)}</p>
          {remedy !== undefined && remedy !== '' && <Remedy>{sentence(remedy)}</Remedy>}
        </li>
      ))}
    </ul>
  );
}
