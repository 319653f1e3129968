import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { passageOperations } from '../../daemon/contract/passage-operations.js';
import { personOperations } from '../../daemon/contract/persons.js';
import { reportOperations } from '../../daemon/contract/reports.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import type { PhotoOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { Attendance } from '../../daemon/core/attendance/attendance-handlers.js';
import { PassageCorrections } from '../../daemon/core/attendance/passage-corrections.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import type { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { PassageMarks } from '../../daemon/core/passages/passage-marks.js';
import { pictureOfPassage } from '../../daemon/core/passages/passage-picture.js';
import { PassageReferences } from '../../daemon/core/passages/passage-references.js';
import { reportHandlers } from '../../daemon/core/passages/recognition-report.js';
import { recordedBlindPeriods } from '../../daemon/core/passages/recorded-blind-periods.js';
import { passageHandlers, RecordedPassages } from '../../daemon/core/passages/recorded-passages.js';
import { EnrolledPersons } from '../../daemon/core/persons/enrolled-persons.js';
import { personHandlers } from '../../daemon/core/persons/person-handlers.js';
import { personNames } from '../../daemon/core/persons/person-names.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { type CommandResult, rollcall } from './box.js';
import { type ClipBox, openClipBox } from './clip-box.js';
import {
  enrolmentOf,
  galleryOptions,
  openTestGallery,
  temporaryDirectory,
  tester,
} from './gallery-fixture.js';
import { openPassageRecords, SettableVault, sealOf } from './passage-fixture.js';

const noPhoto = async (): Promise<PhotoOutcome> => ({
  ...{ outcome: 'refused', code: 'no-face' },
  ...{ message: 'there is no face', remedy: 'take another' },
});

/** The operations on passages over a real gallery and real records, and the commands that speak to them. */
export interface PassageApi {
  readonly directory: string;
  readonly gallery: Gallery;
  readonly records: RecordStores;
  readonly passages: RecordedPassages;
  readonly attendance: Attendance;
  readonly reports: ReturnType<typeof reportHandlers>;
  readonly persons: EnrolledPersons;
  /** What the network finds on pictures, and whether the configuration keeps pictures. A test replaces them. */
  readonly look: { analysePhoto: (image: Buffer) => Promise<PhotoOutcome>; arePicturesKept?: boolean };
  /** The written audit entries. */
  readonly audited: NewAuditEntry[];
  readonly trail: AuditLog;
  readonly clipBox: ClipBox;
  readonly ada: PersonId;
  readonly grace: PersonId;
  /** Alters the database of the gallery behind the program's back. */
  alter(sql: string): void;
  /** Seals the gallery. */
  seal(): void;
  /** Runs `rollcall` with these arguments. */
  run(...args: readonly string[]): Promise<CommandResult>;
}

/** The site is in Lisbon, so that days differ from those in UTC; or in another time zone. `shifts`: of the configuration. */
export async function withPassageApi(
  t: TestContext,
  work: (api: PassageApi) => Promise<void>,
  timeZone = 'Europe/Lisbon',
  shifts: readonly object[] = [],
): Promise<void> {
  const directory = temporaryDirectory(t);
  await using opened = await openTestGallery(galleryOptions(directory));
  const { gallery } = opened;
  const ada = await gallery.addPerson(enrolmentOf('Ada Lovelace', [1]), tester);
  const grace = await gallery.addPerson(enrolmentOf('Grace Hopper', [2]), tester);
  const vault = new SettableVault(gallery);
  await using records = openPassageRecords(directory, systemClock, sealOf(vault));
  const audited: NewAuditEntry[] = [];
  const readings = { note: (entry: NewAuditEntry) => void audited.push(entry) };
  const behind = { journal: records.passages, vault };
  const site = { id: 'site', timeZone };
  const localTime = localTimeOf(site.timeZone);
  const { audit } = opened.file;
  const plan = configSchema.parse({ site, attendance: { shifts } });
  const pictureOf = pictureOfPassage(records, () => vault.present);
  const look: PassageApi['look'] = { analysePhoto: noPhoto };
  const persons = new EnrolledPersons({
    ...{ records, readings, logger: silentLogger },
    ...{ ownThresholdOf: () => undefined, falseMatches: () => [] },
    vault: Object.assign(vault, { audit }) as unknown as GalleryVault,
    policy: () => ({ threshold: 0.5, margin: 0.05, minimumProbes: 2 }),
    todayIso: () => '2026-03-02',
    definedFields: () => new Set(),
    analysePhoto: (image) => look.analysePhoto(image),
    ...{ forgetPerson: () => undefined, forgetCopies: () => undefined },
  });
  const clipClock = new VirtualClock(systemClock.wallMs() - 60_000);
  clipClock.advanceBy(60_000);
  const settings = { attendance: true };
  const clipBox = await openClipBox({ directory, records, seal: sealOf(vault), clock: clipClock, settings });
  await using _clips = clipBox.clips;
  const passages = new RecordedPassages({
    clips: clipBox.clips,
    ...{ ...behind, readings, clock: systemClock },
    nameOf: personNames(() => vault.present),
    references: new PassageReferences({
      ...{ photographs: persons.photographs, vault, pictureOf },
      arePicturesKept: () => look.arePicturesKept !== false,
    }),
    marks: new PassageMarks({
      ...{ records, vault, audit, clock: systemClock },
      corrections: new PassageCorrections({
        ...{ records: records.attendance, current: () => plan, localTime, audit, clock: systemClock },
      }),
      hasCamera: (id: string) => id === 'gate',
      onMarked: () => undefined,
      effectOf: async (_, similarity = 0.5) => ({ before: 0.5, after: similarity, comparisons: 4, lost: 1 }),
    }),
    pictureOf,
    blindPeriods: (period) => recordedBlindPeriods(records, period),
  });
  const attendance = new Attendance({
    ...{ records: records.attendance, current: () => plan, site: plan.site, localTime, audit, readings },
    persons: async () =>
      new Map([ada, grace].map((id) => [id, { id, name: undefined, expectedFromMs: undefined }])),
    clock: systemClock,
  });
  const reports = reportHandlers({
    ...behind,
    nameOf: personNames(() => vault.present),
    readings,
    records,
    site,
    localTime,
    inForce: () => ({ minimumProbes: 2, minimumBlinks: 1, attackAfterS: 7 }),
  });
  const socketPath = join(directory, 'control.sock');
  await using _server = await startControlServer({
    socketPath,
    operations: { ...passageOperations, ...personOperations, ...reportOperations },
    handlers: { ...passageHandlers(passages), ...personHandlers(persons), ...reports },
    logger: silentLogger,
  });
  const config = join(directory, 'rollcall.yaml');
  await writeFile(config, stringify({ site, control: { socketPath } }));
  await work({
    ...{ directory, gallery, persons, look, records, passages, attendance, reports, audited, ada, grace },
    trail: audit,
    clipBox,
    alter: (sql) => void opened.file.database.db.exec(sql),
    seal: () => {
      vault.present = undefined;
    },
    run: (...args) => rollcall([...args, '--config', config]),
  });
}
