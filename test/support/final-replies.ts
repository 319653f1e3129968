import type { Reply } from './commanded-box.js';
import type { openTestRecords } from './published-box.js';

/** The replies after which none follows, in the order in which they were recorded. */
export function finalReplies(records: ReturnType<typeof openTestRecords>): readonly Reply[] {
  return records
    .list({ limit: 1_000_000, kind: 'reply' })
    .map(({ payload }) => (JSON.parse(Buffer.from(payload).toString('utf8')) as { data: Reply }).data)
    .filter(({ outcome }) => outcome === 'done' || outcome === 'failed');
}
