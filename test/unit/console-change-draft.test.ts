import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ChangeDraft,
  commonChangeOf,
  emptyChange,
} from '../../daemon/console/pages/people/change-draft.js';

describe('the form that changes many people', () => {
  test('asks for nothing until a field is filled in', () => {
    assert.deepEqual(commonChangeOf(emptyChange), {});
    const started = { firstDay: '2026-06-01', reason: 'lost badge', consentDay: '2026-01-15' };
    assert.deepEqual(commonChangeOf({ ...emptyChange, ...started, addGroups: ' , ' }), {});
  });

  test('asks for groups, days, a list, custom fields, and a consent', () => {
    const draft: ChangeDraft = {
      ...{ addGroups: 'night, team', removeGroups: 'day', from: 'day', firstDay: '2026-06-01' },
      ...{ until: 'day', lastDay: '2026-12-31', list: 'barred', reason: 'order of 3 March' },
      ...{ basis: 'contract', consentDay: '2026-01-15', consentReference: 'list 3' },
      fields: { department: ' Sales ', badge: ' ' },
    };
    assert.deepEqual(commonChangeOf(draft), {
      ...{ addGroups: ['night', 'team'], removeGroups: ['day'] },
      ...{ validFrom: '2026-06-01', validUntil: '2026-12-31' },
      watch: { mark: 'barred', reason: 'order of 3 March' },
      fields: { department: 'Sales' },
      consent: { basis: 'contract', dateIso: '2026-01-15', reference: 'list 3' },
    });
  });

  test('takes limits and the list away with null, whatever was typed before', () => {
    const typed = { firstDay: '2026-06-01', lastDay: '2026-12-31', reason: 'lost badge' };
    assert.deepEqual(
      commonChangeOf({ ...emptyChange, ...typed, from: 'none', until: 'none', list: 'none' }),
      { validFrom: null, validUntil: null, watch: null },
    );
  });
});
