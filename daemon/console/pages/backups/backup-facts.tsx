import type { KeptBackup } from '../../../contract/backups.js';
import type en from '../../messages/en/backups.json';
import { Facts } from '../../parts/page.js';
import { bytes, dayAndTime, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('backups');

/** What is known of a backup. Whoever restores it compares these with what they expect. */
export function BackupFacts({
  of,
  expiresAt,
}: {
  readonly of: Omit<KeptBackup, 'id' | 'expiresAt'>;
  readonly expiresAt?: string;
}) {
  const counts = Object.entries(of.counts).map(([what, count]) => `${what} ${number(count)}`);
  return (
    <Facts
      of={[
        [t('created'), dayAndTime(of.createdAt)],
        [t('box'), `${of.site} / ${of.box}`],
        [t('size'), bytes(of.sizeBytes)],
        [t('counts'), counts.join(', ')],
        [t('recogniser'), of.recogniser],
        [t('program'), of.program],
        [t('expires'), expiresAt && dayAndTime(expiresAt)],
        [t('sha256'), <code key="hash">{of.sha256}</code>],
      ]}
    />
  );
}
