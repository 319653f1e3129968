import { useSignal } from '@preact/signals';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { type Fetched, useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/attendance.json';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Loaded, PageHead } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { HolidayEditor } from './holiday-editor.js';
import { changedRules, isSame, type Rules, rulesOf } from './rules.js';
import { ShiftEditor, ShiftList } from './shift-editor.js';
import { ShiftPreview } from './shift-preview.js';

const t = wordsOf<typeof en>('attendance');

/** The shifts and holidays of the site: shown to all who read attendance, changed by those who change settings. */
export default function Shifts() {
  const mayChange = can('config:read', 'config:write');
  return (
    <>
      <PageHead
        title={t('to-shifts')}
        lead={t(mayChange ? 'shifts-lead' : 'shifts-fixed')}
        back={{ href: '/attendance', text: t('title') }}
      />
      {mayChange ? <Changeable /> : <Shown />}
    </>
  );
}

function Shown() {
  const rules = useFetched('attendance.shifts', {});
  return (
    <Loaded of={rules}>
      {({ pairing, shifts, holidays }) => <ShiftList rules={{ pairing, shifts, holidays }} />}
    </Loaded>
  );
}

function Changeable() {
  const config = useFetched('config.show', {});
  return (
    <Loaded of={config}>{(value) => <Editor key={value.revision} config={value} fetched={config} />}</Loaded>
  );
}

interface EditorProps {
  readonly config: Output<'config.show'>;
  readonly fetched: Fetched<Output<'config.show'>>;
}

function Editor({ config, fetched }: EditorProps) {
  const inForce = rulesOf(config.settings);
  const draft = useSignal<Rules>(inForce);
  const saving = useAct();
  const put = (changes: Partial<Rules>): void => {
    draft.value = { ...draft.value, ...changes };
  };
  const isChanged = !isSame(draft.value, inForce);
  const save = async (): Promise<void> => {
    const settings = changedRules(inForce, draft.value);
    const isSaved = await saving.run(() => call('config.apply', { ifRevision: config.revision, settings }));
    if (!isSaved) return;
    say(t('shifts-saved'));
    await fetched.reload();
  };
  return (
    <>
      <ShiftEditor rules={draft.value} onChange={put} />
      <HolidayEditor holidays={draft.value.holidays} onChange={(holidays) => put({ holidays })} />
      {isChanged && <ShiftPreview rules={changedInput(inForce, draft.value)} />}
      <Fault
        error={saving.fault}
        {...(saving.fault?.code === 'changed-meanwhile' && { onRetry: () => void fetched.reload() })}
      />
      <div class="acts">
        <button
          type="button"
          class="secondary"
          disabled={!isChanged}
          onClick={() => {
            draft.value = inForce;
          }}
        >
          {t('discard')}
        </button>
        <button type="button" disabled={!isChanged} aria-busy={saving.isRunning} onClick={() => void save()}>
          {t('save')}
        </button>
      </div>
    </>
  );
}

/** What the draft would change, as a preview takes it. */
function changedInput(inForce: Rules, draft: Rules): Partial<Rules> {
  return {
    ...(draft.pairing !== inForce.pairing && { pairing: draft.pairing }),
    ...(!isSame(draft.shifts, inForce.shifts) && { shifts: draft.shifts }),
    ...(!isSame(draft.holidays, inForce.holidays) && { holidays: draft.holidays }),
  };
}
