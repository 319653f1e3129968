import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Unlock } from '../../core/backups/recipient.js';
import { verifyPages } from '../../core/gallery/verify/verify-pages.js';
import { fingerprintOf } from '../../core/identity/public-key.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import type { CommonOptions } from '../common-options.js';
import { rebuild } from './replace-box.js';

/** A box that was built from a backup and deleted again. */
interface Rehearsal {
  readonly persons: number;
  readonly templates: number;
  /** Rows whose key did not open. */
  readonly damagedKeys: number;
  /** Databases that were opened, migrated, and found whole. */
  readonly databases: number;
  /** Of the key that the box signed with when the backup was made. */
  readonly fingerprint: string;
}

/**
 * Does all of a replacement but its last step, in a folder below `workDir` that is deleted afterwards: the folder holds the keys and
 * secrets of the box meanwhile, closed to other users.
 * @throws the errors of `rebuildBox`, and `backup-unusable`
 */
export async function rehearse(
  path: string,
  secret: Unlock,
  options: CommonOptions & { readonly workDir: string },
): Promise<Rehearsal> {
  const directory = await mkdtemp(join(options.workDir, 'rollcall-rehearsal-'));
  try {
    const { gallery, config, formerKeyId } = await rebuild(path, { secret, directory, options });
    const names = [config.gallery.path, config.records.path, join(config.dataDir, 'accounts.db')];
    for (const name of names) {
      const database = join(directory, 'data', name.slice(config.dataDir.length + 1));
      const damages = await verifyPages(database, new AbortController().signal);
      if (damages.length > 0) {
        throw badInput('backup-unusable', `a database of the rebuilt box is damaged: ${damages[0]}`, {
          remedy: 'Use another backup.',
        });
      }
    }
    const { persons, templates, damagedKeys } = gallery;
    const fingerprint = fingerprintOf(formerKeyId);
    return { persons, templates, damagedKeys, databases: names.length, fingerprint };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export function describeRehearsal({
  persons,
  templates,
  damagedKeys,
  databases,
  fingerprint,
}: Rehearsal): string {
  return [
    `Rehearsed: ${counted(databases, 'database')} opened and found whole; ${counted(persons, 'person')} with ${counted(templates, 'template')}; the box signed with the key ${fingerprint}.`,
    ...(damagedKeys === 0
      ? []
      : [
          `${counted(damagedKeys, 'data key')} did not open: their rows were damaged when the backup was made.`,
        ]),
  ].join('\n');
}
