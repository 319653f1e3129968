import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { replaceOwnSecret } from '../../host/own-secret.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import { whereThereIsALog } from '../audit/audit-keeper.js';
import type { AuditLog } from '../audit/audit-log.js';
import { isMissing } from './replaced-file.js';

const action = 'configuration.edited';
/** Entries among which the one of an interrupted change is searched. */
const recentEntries = 20;

const intention = z.object({
  by: z.object({ actor: z.string(), origin: z.string() }),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  /** Of the text that was to be written. */
  digest: z.string(),
});

export interface IntendedChangeOptions {
  /** The file that is changed. */
  readonly path: string;
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
}

/** The entry of the audit log about a change of a file, noted beside the file before it changes: no kill between the two loses it. */
export class IntendedChange {
  readonly #options: IntendedChangeOptions;
  readonly #notePath: string;

  constructor(options: IntendedChangeOptions) {
    this.#options = options;
    this.#notePath = `${options.path}.intended`;
  }

  /** Call it before the file changes. `details` tell this change from all others. */
  async note({ by, details }: Pick<NewAuditEntry, 'by' | 'details'>, text: string): Promise<void> {
    await replaceOwnSecret(
      this.#notePath,
      Buffer.from(JSON.stringify({ by, details, digest: digestOf(text) })),
    );
  }

  /** Call it when the entry is written, or the file is as it was. */
  async forget(): Promise<void> {
    await rm(this.#notePath, { force: true });
  }

  /** At the start: writes the entry of a change that was made and not yet noted in the audit log. */
  async settle(text: string): Promise<void> {
    const noted = await this.#read();
    if (noted === undefined) return;
    const { audit } = this.#options;
    await whereThereIsALog(async () => {
      const { by, details, digest } = noted;
      const isMade = digest === digestOf(text);
      const isWritten = audit
        .list({ action, limit: recentEntries })
        .some((entry) => entry.details['change'] === details['change']);
      if (isMade && !isWritten) audit.append({ by, action, details });
      await this.forget();
    });
  }

  /** Undefined also for a note that was not written by this program: nothing can be said about it. */
  async #read(): Promise<z.infer<typeof intention> | undefined> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#notePath, 'utf8'));
      return intention.safeParse(parsed).data;
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
