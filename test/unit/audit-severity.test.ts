import assert from 'node:assert/strict';
import { test } from 'node:test';
import { severityOf } from '../../daemon/core/audit/severity.js';

/** By hand: what an administrator must look at today, and what only matters when there are many. */
const critical = `accounts.set-aside audit.key-changed backup.recovery-key-changed backup.restored gallery.row-quarantined
  identity.replaced key.provider-changed login.locked records.lost records.set-aside session.reused trust.added trust.set-aside
  user.claimed`;
const warning = `access.key-created access.refused accounts.sealed alert.muted approval.given approval.refused backup.downloaded
  backup.refused command.refused configuration.edited configuration.refused identity.rotated key.unlock-refused login.failed
  person.erased person.exported role.changed screen.added screen.pairing-refused user.claim-made user.claim-refused user.created
  user.passkey-added user.passkey-suspect user.password-reset user.recovery-code-used user.removed user.second-factor-removed`;

test('every action of the audit log is as severe as an administrator expects', () => {
  for (const action of critical.split(/\s+/)) assert.equal(severityOf(action), 'critical', action);
  for (const action of warning.split(/\s+/)) assert.equal(severityOf(action), 'warning', action);
  for (const action of ['user.logged-in', 'person.enrolled', 'toString', 'unknown'])
    assert.equal(severityOf(action), 'info', action);
});
