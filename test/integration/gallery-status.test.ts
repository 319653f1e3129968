import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeGalleryStatus } from '../../daemon/cli/gallery/gallery-text.js';
import { galleryStatus, mostNamedRows } from '../../daemon/contract/gallery.js';
import { GalleryKeys } from '../../daemon/core/gallery/gallery-keys.js';
import { GalleryUpkeep } from '../../daemon/core/gallery/gallery-upkeep.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { enrol } from '../support/backed-up-box.js';
import { openBackupBox } from '../support/backup-box.js';
import { temporaryDirectory } from '../support/gallery-fixture.js';
import { tamper } from '../support/gallery-tampering.js';

const damagedRows = mostNamedRows + 50;

describe('the state of the gallery', () => {
  test('counts all damaged rows, names the first, and the audit log has all', async (t) => {
    const directory = temporaryDirectory(t);
    const galleryPath = await (async () => {
      await using box = await openBackupBox(directory);
      await enrol(box, 'Ada');
      return box.galleryPath;
    })();
    tamper({ path: galleryPath }, (db) =>
      db
        .prepare(
          `WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
           INSERT INTO template (person_id, id, recogniser, photograph_id, vector, quality)
           SELECT 'p-nobody', 't-' || n, recogniser, NULL, vector, quality FROM template, number`,
        )
        .run(damagedRows),
    );
    await using box = await openBackupBox(directory);
    const noMove = () => Promise.reject(new Error('this test moves to no recogniser'));
    await using upkeep = new GalleryUpkeep({
      ...{ vault: box.vault, keys: new GalleryKeys({ vault: box.vault, clock }) },
      ...{ openEmbedder: noMove, thresholds: noMove, calibration: { calibrate: noMove } },
      ...{ clock, logger: silentLogger },
    });
    const status = galleryStatus.parse(upkeep.status());
    assert.deepEqual(
      [status.quarantined.count, status.quarantined.rows.length],
      [damagedRows, mostNamedRows],
    );
    assert.match(
      describeGalleryStatus(status, String),
      /^150 damaged rows are ignored:$[\s\S]*^… and 50 more \("rollcall audit list --action gallery\.row-quarantined" has all\)$/m,
    );
    assert.equal(
      box.vault.audit.list({ action: 'gallery.row-quarantined', limit: 1000 }).length,
      damagedRows,
    );
  });
});
