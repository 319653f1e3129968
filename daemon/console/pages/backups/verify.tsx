import { call } from '../../api/call.js';
import { keptLines } from '../../api/kept-lines.js';
import type { Input } from '../../api/request.js';
import type en from '../../messages/en/backups.json';
import { Dialog } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { Form } from '../../parts/form.js';
import { Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { BackupFacts } from './backup-facts.js';
import { useOpening } from './opening.js';

const t = wordsOf<typeof en>('backups');

/** The check of a large backup takes minutes, so it does not end with the page. */
export const verifying = keptLines(async function* (order: Input<'backups.verify'>) {
  yield await call('backups.verify', order);
});

/** Asks for what opens the backup, and begins to check it. */
export function Verify({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const opening = useOpening();
  const verify = (): void => {
    void verifying.start({ id, ...opening.secret() });
    onClose();
  };
  return (
    <Dialog title={t('verify-title')} onClose={onClose}>
      <Form act={t('verify')} onAct={verify}>
        <p>{t('verify-what')}</p>
        {opening.fields}
      </Form>
    </Dialog>
  );
}

/** What the last check of this session found. */
export function Verified() {
  const fault = verifying.fault.value;
  const done = verifying.lines.value?.[0];
  if (fault !== undefined) {
    return (
      <Section title={t('verify-failed')}>
        <Fault error={fault} />
      </Section>
    );
  }
  if (done === undefined) return null;
  return (
    <Section title={t('verified')}>
      <BackupFacts of={done} />
    </Section>
  );
}
