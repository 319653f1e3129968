import { opaqueText } from '../../host/opaque-text.js';
import { type PersonId, personId, type StrangerId, strangerId } from '../../kernel/ids.js';

/** A new person id, `p-` and 128 random bits: reveals nothing about the person or the time of enrolment. */
export function newPersonId(): PersonId {
  return personId(`p-${opaqueText()}`);
}

/** A new stranger id, `s-` and 128 random bits. */
export function newStrangerId(): StrangerId {
  return strangerId(`s-${opaqueText()}`);
}

/**
 * An id for another row. Prefixes, for readers only: `t` template, `f` photograph, `e` evidence, `k` data key, `i` import.
 */
export function newRowId(prefix: 't' | 'f' | 'e' | 'k' | 'i'): string {
  return `${prefix}-${opaqueText()}`;
}
