import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReloadResult } from '../../contract/status.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { AuditLog } from '../audit/audit-log.js';
import { IntendedChange } from './intended-change.js';
import { isMissing, replaceOwnFile } from './replaced-file.js';

export interface FileChangesOptions {
  /** Puts the files in force. */
  readonly reload: () => Promise<ReloadResult>;
  readonly audit: Pick<AuditLog, 'append' | 'newest' | 'from' | 'list'>;
  /** The key of the audit log. */
  readonly auditKey: Uint8Array;
}

/** A change of a file that the box keeps itself. */
export interface FileChange {
  readonly path: string;
  /** Undefined deletes the file. */
  readonly text: string | undefined;
  /** Absent for a change that the audit log need not know. */
  readonly entry?: NewAuditEntry;
  /** The error for a change that cannot be put in force. */
  readonly refused: (problems: readonly string[]) => RollcallError;
}

/** Writes the entry of a change. `text` as in the change. */
type Recorder = (entry: NewAuditEntry, text: string | undefined) => void;

/**
 * Changes the files that the box keeps itself: settings, cameras, and alert channels. A change is in force and in the audit log, or
 * everything is as it was. A kill in between is made good at the next start.
 */
export class FileChanges {
  readonly #options: FileChangesOptions;
  readonly #record: Recorder;

  /** `record`: default, the audit log. */
  constructor(options: FileChangesOptions, record?: Recorder) {
    this.#options = options;
    this.#record = record ?? ((entry) => void options.audit.append(entry));
  }

  /** At the start: writes the entries that a kill has prevented, and deletes what it has left. `ending`: of the names of the files. */
  async settle(folder: string, ending: string): Promise<void> {
    const left = (await namesIn(folder)).filter((name) => leftover.test(name));
    const names = left.map((name) => name.replace(leftover, '')).filter((name) => name.endsWith(ending));
    for (const path of new Set(names.map((name) => join(folder, name)))) {
      const text = await textOf(path);
      await this.#intended(path).settle(text, (entry) => this.#record(entry, text));
      for (const each of ['former', 'new', 'intended.new']) await rm(`${path}.${each}`, { force: true });
    }
  }

  /**
   * Writes the file, puts it in force and audits this, or leaves everything as it was.
   * @throws the error of `refused`, `key-file-not-written`, `key-file-not-moved`, `own-file-not-changed`
   */
  async apply({ path, text, entry, refused }: FileChange): Promise<ReloadResult> {
    const { reload } = this.#options;
    const intended = this.#intended(path);
    try {
      if (entry !== undefined) await intended.note(entry, text);
      const replaced = await replaceOwnFile(path, text);
      try {
        const result = await reload();
        if (result.outcome === 'refused') throw refused(result.problems);
        if (entry !== undefined) this.#record(entry, text);
        return result;
      } catch (error) {
        await replaced.undo();
        // A refusal is over now: it must not stay in the status of the box.
        await reload();
        throw error;
      }
    } finally {
      await intended.forget();
      // It may hold the secret of a channel that is gone.
      await rm(`${path}.former`, { force: true });
    }
  }

  #intended(path: string): IntendedChange {
    return new IntendedChange({ path, ...this.#options });
  }
}

/** What a change leaves beside its file when a kill interrupts it. */
const leftover = /\.(?:former|new|intended|intended\.new)$/;

export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Undefined if there is no file. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
