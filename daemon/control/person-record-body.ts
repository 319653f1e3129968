import { defect } from '../base/errors.js';
import { decodeFramed, encodeFramed } from './framed-body.js';
import type { HeldEvidence, HeldPicture, PersonRecord } from './person-control.js';

/** Everything but pictures stands in the first line: years of events of one person. */
const longestLineBytes = 256 * 1024 * 1024;

type WithoutPicture<T extends HeldPicture> = Omit<T, 'jpeg'>;

interface Head extends Omit<PersonRecord, 'photographs' | 'evidence'> {
  readonly photographs: readonly WithoutPicture<HeldPicture>[];
  readonly evidence: readonly WithoutPicture<HeldEvidence>[];
}

/** A person's record as it travels over the local API: a framed body; the pictures are its files, photographs first. */
export function encodePersonRecord(record: PersonRecord): Buffer {
  const head: Head = {
    ...record,
    photographs: record.photographs.map(({ jpeg: _jpeg, ...rest }) => rest),
    evidence: record.evidence.map(({ jpeg: _jpeg, ...rest }) => rest),
  };
  return encodeFramed(
    head,
    [...record.photographs, ...record.evidence].map(({ jpeg }) => jpeg),
  );
}

/** The inverse of `encodePersonRecord`, for what the daemon itself sent: it is not checked field by field. */
export function decodePersonRecord(body: Buffer): PersonRecord {
  const { head, files } = decodeFramed(body, longestLineBytes);
  const record = head as Head;
  const pictures = files.values();
  const withPicture = <T extends WithoutPicture<HeldPicture>>(held: T): T & { readonly jpeg: Buffer } => {
    const { value: jpeg } = pictures.next();
    if (jpeg === undefined)
      throw defect('record-pictures', 'a record came with fewer pictures than it names');
    return { ...held, jpeg };
  };
  const photographs = record.photographs.map(withPicture);
  return { ...record, photographs, evidence: record.evidence.map(withPicture) };
}
