import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diffConfig } from '../../daemon/contract/settings/diff.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import { attendancePlan, directions } from '../../daemon/core/attendance/attendance-plan.js';
import { cameraId } from '../../daemon/kernel/ids.js';

const site = 'site: { id: office, timeZone: Europe/Paris }';
const shift = (id: string, more = ''): string => `{ id: ${id}, from: "08:00", to: "17:00"${more} }`;

function config(...lines: readonly string[]): Config {
  const loaded = parseConfig([site, ...lines].join('\n'));
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.problems));
  return loaded.config;
}

function problemsAt(...lines: readonly string[]): readonly string[] {
  const loaded = parseConfig([site, ...lines].join('\n'));
  return loaded.ok ? [] : loaded.problems.map(({ path }) => path);
}

describe('shifts in the configuration', () => {
  test('need only a name and hours', () => {
    const plan = attendancePlan(config(`attendance: { shifts: [${shift('day')}] }`));
    assert.deepEqual(plan, {
      pairing: 'first-in-last-out',
      holidays: new Set(),
      shifts: [
        {
          id: 'day',
          days: ['mon', 'tue', 'wed', 'thu', 'fri'],
          fromS: 28_800,
          toS: 61_200,
          lateGraceS: 300,
          earlyLeaveGraceS: 300,
          overtimeAfterS: 900,
          breakS: 0,
          breakAfterS: 21_600,
          validFrom: null,
          validUntil: null,
        },
      ],
    });
  });

  test('report every problem with its path', () => {
    const refused = [
      ['attendance.shifts.0.from', 'shifts: [{ id: a, from: "8:00", to: "17:00" }]'],
      ['attendance.shifts.0.to', 'shifts: [{ id: a, from: "08:00", to: "24:00" }]'],
      ['attendance.shifts.0.days', `shifts: [${shift('a', ', days: []')}]`],
      ['attendance.shifts.0.days.0', `shifts: [${shift('a', ', days: [monday]')}]`],
      ['attendance.shifts.0.id', `shifts: [${shift('Day_')}]`],
      ['attendance.shifts.1.id', `shifts: [${shift('a')}, ${shift('a')}]`],
      ['attendance.shifts.0.validFrom', `shifts: [${shift('a', ', validFrom: "2026-02-30"')}]`],
      [
        'attendance.shifts.0.validUntil',
        `shifts: [${shift('a', ', validFrom: "2026-03-02", validUntil: "2026-03-01"')}]`,
      ],
      ['attendance.shifts.0.breakS', `shifts: [${shift('a', ', breakS: -1')}]`],
      ['attendance.holidays.1', 'holidays: ["2026-12-25", "25.12.2026"]'],
      ['attendance.pairing', 'pairing: guess'],
      ['attendance.entryCameras.0', 'entryCameras: ["Front Door"]'],
    ] as const;
    for (const [path, text] of refused) assert.deepEqual(problemsAt(`attendance: { ${text} }`), [path]);
  });

  test('a changed list is a live change of the whole list', () => {
    const before = config(`attendance: { shifts: [${shift('a')}], holidays: ["2026-12-25"] }`);
    const later = config(`attendance: { shifts: [${shift('a', ', breakS: 60')}], holidays: ["2026-12-25"] }`);
    const fewer = config(`attendance: { shifts: [${shift('a')}], exitCameras: [door] }`);
    const changed = (path: string) => ({ kind: 'setting-changed', path, reload: 'live' });
    assert.deepEqual(diffConfig(before, later), [changed('attendance.shifts')]);
    assert.deepEqual(diffConfig(before, fewer), [
      changed('attendance.holidays'),
      changed('attendance.exitCameras'),
    ]);
    assert.deepEqual(
      diffConfig(before, config(`attendance: { shifts: [${shift('a')}], holidays: ["2026-12-25"] }`)),
      [],
    );
  });
});

test('lists of cameras take precedence over the direction of a camera', () => {
  const camera = (id: string, direction: string): string =>
    `  - { id: ${id}, name: ${id}, url: "rtsp://192.0.2.1/", direction: ${direction} }`;
  const directionOf = directions(
    config(
      'cameras:',
      ...[camera('a', 'in'), camera('b', 'out'), camera('c', 'both'), camera('d', 'in')],
      'attendance: { entryCameras: [b, c, gone], exitCameras: [a, c] }',
    ),
  );
  const found = ['a', 'b', 'c', 'd', 'gone', 'other'].map((id) => directionOf(cameraId(id)));
  assert.deepEqual(found, ['out', 'in', 'both', 'in', 'in', 'both']);
});
