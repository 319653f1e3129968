import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { hkdfKey, keyedHash } from '../../host/keyed-hash.js';
import { replaceOwnSecret } from '../../host/own-secret.js';
import { areEqual, wipe } from '../../host/sodium.js';
import type { AuditAction } from '../../kernel/audit-action.js';
import { present } from '../../kernel/present.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import { whereThereIsALog } from '../audit/audit-keeper.js';
import type { AuditLog } from '../audit/audit-log.js';
import { isMissing } from './replaced-file.js';

// What the seal covers is what the program wrote: only its outer form needs a check.
const sealedNote = z.object({ note: z.string(), seal: z.base64() });

interface Note {
  readonly entry: NewAuditEntry;
  /** Of the text that was to be written. */
  readonly digest: string;
  /** The newest entry of the audit log before the change. */
  readonly after: { readonly sequence: number; readonly hash: string };
}

export interface IntendedChangeOptions {
  /** The file that is changed. */
  readonly path: string;
  readonly audit: Pick<AuditLog, 'newest' | 'from' | 'list'>;
  /** The key of the audit log. */
  readonly auditKey: Uint8Array;
}

/**
 * The entry of the audit log about a change of a file, noted beside the file before it changes: no kill between the two loses it. A
 * note counts once, with the seal of this box and the log that it continues: nobody else can make one or use an earlier one again.
 */
export class IntendedChange {
  readonly #options: IntendedChangeOptions;
  readonly #notePath: string;

  constructor(options: IntendedChangeOptions) {
    this.#options = options;
    this.#notePath = `${options.path}.intended`;
  }

  /** Call it before the file changes. `text`: undefined for a file that will be deleted. */
  async note(entry: NewAuditEntry, text: string | undefined): Promise<void> {
    // Without a log the entry itself waits in memory: a kill loses it anyway.
    await whereThereIsALog(async () => {
      const newest = this.#options.audit.newest();
      if (newest === undefined) return;
      const after = { sequence: newest.sequence, hash: newest.hash };
      const note = JSON.stringify({ entry, digest: digestOf(text), after } satisfies Note);
      const seal = this.#sealOf(note).toString('base64');
      await replaceOwnSecret(this.#notePath, Buffer.from(JSON.stringify({ note, seal })));
    });
  }

  /** Call it when the entry is written, or the file is as it was. */
  async forget(): Promise<void> {
    await rm(this.#notePath, { force: true });
  }

  /** At the start: calls back for the entry of a change that was made and is not in the audit log. */
  async settle(text: string | undefined, record: (entry: NewAuditEntry) => void): Promise<void> {
    const noted = await this.#read();
    await whereThereIsALog(async () => {
      if (noted?.digest === digestOf(text) && !this.#isSpent(noted)) record(noted.entry);
      await this.forget();
    });
  }

  /** Whether the log has the entry already, or is not the one that the note continues. */
  #isSpent({ entry: { action, subject }, after }: Note): boolean {
    const { audit } = this.#options;
    const [before] = audit.from(after.sequence, 1);
    if (before?.sequence !== after.sequence || before.hash !== after.hash) return true;
    const [last] = audit.list({ action: action satisfies AuditAction, ...present({ subject }), limit: 1 });
    return last !== undefined && last.sequence > after.sequence;
  }

  /** Undefined also for a note that was not written by this program: nothing can be said about it. */
  async #read(): Promise<Note | undefined> {
    try {
      const { success, data } = sealedNote.safeParse(JSON.parse(await readFile(this.#notePath, 'utf8')));
      if (!success || !areEqual(this.#sealOf(data.note), Buffer.from(data.seal, 'base64'))) return undefined;
      return JSON.parse(data.note) as Note;
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #sealOf(note: string): Buffer {
    const key = hkdfKey(this.#options.auditKey, 'rollcall intended changes 1');
    try {
      return keyedHash(key, 'intended change', [this.#options.path, note]);
    } finally {
      wipe(key);
    }
  }
}

const digestOf = (text: string | undefined): string =>
  text === undefined ? 'none' : createHash('sha256').update(text).digest('hex');
