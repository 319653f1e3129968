import { BackupInput, openForReading } from './backup-input.js';
import { readStart } from './backup-pass.js';

/** A recipient of a backup. */
export type RecipientFacts =
  | { readonly kind: 'recovery-public-key'; readonly keyId: string }
  | { readonly kind: 'passphrase' };

/**
 * The kinds of secret that open the backup at `path`, so that the caller can ask for the right one. They are unencrypted, and
 * nothing proves them before the backup is opened.
 * @throws `backup-foreign`, `backup-newer`, `backup-truncated`, `backup-altered`, `backup-not-read`
 */
export async function recipientsOf(path: string): Promise<readonly RecipientFacts[]> {
  const file = await openForReading(path);
  try {
    const { recipients } = await readStart(new BackupInput(path, file));
    return recipients.map((each) =>
      each.kind === 'passphrase' ? { kind: each.kind } : { kind: each.kind, keyId: each.keyId },
    );
  } finally {
    await file.close();
  }
}
