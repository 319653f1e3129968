import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { type SigningKey, signText } from '../identity/signed-text.js';
import type { AuditHead, ErasedCounts } from './box-contents.js';

/** The first attribute of a certificate: no other document of a box has it. */
const certificateType = 'rollcall.box.erased.v1';

/** What an erasure of a box leaves behind elsewhere, in the words of the certificate. */
export const notErased = [
  'backups that were copied to other places',
  'what brokers, centres, and receivers of alerts have received',
  'lists, reports, and pictures that people exported',
  'the journal of the machine, which holds no names and no pictures',
] as const;

/** What a certificate says. */
export interface CertifiedErasure {
  readonly from: BoxIds;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** How many of each there were; without those of a database that could not be read. */
  readonly erased: ErasedCounts;
  /** The newest entry of the audit log, which is erased with it. Absent if the log could not be read. */
  readonly auditLog?: AuditHead | undefined;
  /** Names of the keys that were overwritten. */
  readonly keys: readonly string[];
}

/**
 * The certificate: one line of JSON without personal data, signed as the messages of the box are. `rollcall events verify` checks it with
 * the key set that a centre has of this box.
 */
export async function certificateOf(
  { from, atMs, erased, auditLog, keys }: CertifiedErasure,
  key: SigningKey,
): Promise<string> {
  const document = {
    document: certificateType,
    site: from.siteId,
    box: from.boxId,
    erasedAt: isoTime(atMs),
    erased,
    ...present({ auditLog }),
    keys,
    notErased,
  };
  return `${await signText(JSON.stringify(document), key, atMs)}\n`;
}
