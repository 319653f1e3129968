import { call } from '../../api/call.js';
import type en from '../../messages/en/backups.json';
import { Confirm } from '../../parts/dialog.js';
import { say } from '../../parts/notes.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('backups');

/** Deletes what the box keeps. */
export function Remove({
  id,
  what,
  onClose,
}: {
  readonly id: string;
  readonly what: string;
  readonly onClose: () => void;
}) {
  return (
    <Confirm
      title={t('remove-title')}
      act={t('remove')}
      isDestructive
      onAct={async () => {
        await call('backups.remove', { id });
        say(t('removed'));
      }}
      onClose={onClose}
    >
      <p>{what}</p>
    </Confirm>
  );
}
