import type { AuditEntry } from '../../audit/audit-entry.js';
import type { GalleryNotice, Notice, PersonNotice } from '../../domain/events/notice.js';
import { personId } from '../../domain/ids.js';

/**
 * What entries of the audit log mean for somebody outside. An import writes an entry for every person, so that its own
 * (`import.committed`) says nothing more. Whoever withdraws their consent is `removed`: they cannot be recognised any more,
 * but their record stays under the same id, which `erased` would deny.
 */
const personChanges: Readonly<Record<string, PersonNotice['change']>> = {
  'person.enrolled': 'enrolled',
  'person.removed': 'removed',
  'person.consent-withdrawn': 'removed',
  'person.restored': 'restored',
  'person.erased': 'erased',
};

const galleryChanges: Readonly<Record<string, GalleryNotice['change']>> = {
  'key.rotation-finished': 'key-rotated',
  'backup.restored': 'restored',
  'gallery.reembedded': 're-embedded',
};

/** The notice that an entry of the audit log becomes; undefined where it is nobody's business outside the box. */
export function noticeOf({ action, subject, atMs: occurredAtMs }: AuditEntry): Notice | undefined {
  const personChange = personChanges[action];
  if (personChange !== undefined && subject !== undefined) {
    return { kind: 'person', change: personChange, personId: personId(subject), occurredAtMs };
  }
  const change = galleryChanges[action];
  return change && { kind: 'gallery', change, occurredAtMs };
}
