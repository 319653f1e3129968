import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type {
  AttendanceHead,
  AttendanceRow,
  CorrectionRequest,
  CorrectionResult,
} from '../../daemon/contract/attendance.js';
import type { Caller } from '../../daemon/contract/caller.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import { type Config, configSchema } from '../../daemon/contract/settings/schema.js';
import { Attendance, type AttendanceReport } from '../../daemon/core/attendance/attendance-handlers.js';
import type { EnrolledPerson } from '../../daemon/core/attendance/attendance-persons.js';
import { type NewAuditEntry, refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import { ReadingTrail } from '../../daemon/core/audit/reading-trail.js';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { cameraId, type PersonId, personId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { instant, paris } from './attendance-plan.js';
import { attendanceFact } from './facts.js';
import { temporaryDirectory } from './gallery-fixture.js';
import { box as identity } from './published-box.js';

export const officer: Actor = { actor: 'uid:1000', origin: 'local socket pid 1' };
/** The officer with every scope. */
export const caller: Caller = {
  ...officer,
  scopes: new Set(allScopes),
  provedAtMs: 'always',
  isLimited: false,
};

/** Attendance over real records; the persons, the audit log and the clock are the test's. */
export interface AttendanceBox {
  readonly attendance: Attendance;
  readonly records: RecordStores;
  /** Its timers follow `advanceBy`, its wall time `setClock`. */
  readonly clock: VirtualClock;
  /** The configuration in force. */
  readonly config: Config;
  readonly audit: readonly NewAuditEntry[];
  /** Undefined while the gallery file is not open. */
  persons: readonly EnrolledPerson[] | undefined;
  auditFailure: Error | undefined;
  configure(attendance: object, rest?: object): void;
  /** By the clock of the site, as `2026-03-02T08:00`. */
  see(person: string, camera: string, time: string): void;
  setClock(time: string): void;
  correct(request: Partial<CorrectionRequest>): Promise<CorrectionResult>;
}

export async function openAttendanceBox(context: TestContext): Promise<AttendanceBox> {
  const path = join(temporaryDirectory(context), 'records.db');
  let nowMs = instant('2026-03-10T12:00', paris);
  const clock = Object.assign(new VirtualClock(0), { wallMs: () => nowMs });
  const encode: Parameters<typeof openRecordStores>[0]['encode'] = (event) =>
    encodeEvent(event, identity, {});
  const records = openRecordStores({ path, encode, clock, random: systemRandom });
  context.after(() => records[Symbol.asyncDispose]());
  const audit: NewAuditEntry[] = [];
  let config = configOf({});
  const log = {
    append(entry: NewAuditEntry) {
      if (box.auditFailure !== undefined) throw box.auditFailure;
      refuseMisshapen(entry);
      audit.push(entry);
      return { sequence: audit.length, hash: '' };
    },
  };
  const box: AttendanceBox = {
    records,
    clock,
    get config() {
      return config;
    },
    audit,
    persons: [],
    auditFailure: undefined,
    attendance: new Attendance({
      records: records.attendance,
      persons: async () => box.persons && new Map(box.persons.map((person) => [person.id, person])),
      audit: log,
      readings: new ReadingTrail({ audit: log, clock, logger: silentLogger }),
      current: () => config,
      site: config.site,
      localTime: localTimeOf('Europe/Paris'),
      clock,
    }),
    configure(attendance, rest = {}) {
      config = configOf({ attendance, ...rest });
    },
    see: (person, camera, time) =>
      void records.record(
        attendanceFact({
          personId: personId(person),
          cameraId: cameraId(camera),
          occurredAtMs: instant(time, paris),
        }),
      ),
    setClock(time) {
      nowMs = instant(time, paris);
    },
    correct: (request) =>
      box.attendance.correct(
        { person: 'p1', date: '2026-03-02', kind: 'in', reason: 'the camera was down', ...request },
        caller,
      ),
  };
  return box;
}

function configOf(sections: object): Config {
  return configSchema.parse({
    site: { id: 'test-site', timeZone: 'Europe/Paris' },
    cameras: [
      { id: 'entry', name: 'Entry', url: 'rtsp://192.0.2.1/', direction: 'in' },
      { id: 'exit', name: 'Exit', url: 'rtsp://192.0.2.2/', direction: 'out' },
      { id: 'gate', name: 'Gate', url: 'rtsp://192.0.2.3/' },
    ],
    ...sections,
  });
}

export function enrolled(id: string, name?: string, expectedFromMs: number | undefined = 0): EnrolledPerson {
  return { id: personId(id) as PersonId, name, expectedFromMs };
}

export async function readAll({
  head,
  rows,
}: AttendanceReport): Promise<{ readonly head: AttendanceHead; readonly rows: readonly AttendanceRow[] }> {
  const all: AttendanceRow[] = [];
  for await (const row of rows) all.push(row);
  return { head, rows: all };
}

/** One line per row: person, times and statuses. */
export const briefly = ({ person, name, date, shift, workedMin, statuses }: AttendanceRow): string =>
  `${name ?? person} ${date} ${shift ?? '-'} ${workedMin} ${statuses.join(' ')}`.trimEnd();
