import { BackupInput, openForReading } from './backup-input.js';
import { readStart } from './backup-pass.js';

/** For whom a backup says that it was made. */
export type RecipientFacts =
  | { readonly kind: 'recovery-public-key'; readonly keyId: string }
  | { readonly kind: 'passphrase' };

/**
 * What kinds of secret open the backup at `path`, so that a person can be asked for the right one. It stands there in clear
 * and nothing vouches for it until the backup was opened.
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
