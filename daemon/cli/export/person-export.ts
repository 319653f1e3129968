import type { Command } from 'commander';
import { counted } from '../../base/counted.js';
import { badInput } from '../../base/errors.js';
import type { PersonClient } from '../../control/person-client.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { personForms, whichPerson } from '../person/which-person.js';
import { type ExportSummary, exportAll } from './export-all.js';
import { createExportFolder } from './export-folder.js';
import { exportPerson } from './export-person.js';
import type { ExportSink } from './export-sink.js';
import { createExportZip } from './export-zip.js';

interface ExportOptions extends CommonOptions {
  readonly out: string;
  readonly all?: boolean;
}

export function registerExport(person: Command): void {
  withCommonOptions(person.command('export'))
    .argument('[person]', personForms)
    .requiredOption('-o, --out <path>', 'a new .zip archive or, with another ending, a new folder')
    .option('--all', "everybody's profile and photographs instead, as 'person import' reads them")
    .description('write everything held on a person into an archive that only you can read')
    .action((given: string | undefined, options: ExportOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { persons } = client;
        const isAll = options.all === true;
        if ((given === undefined) !== isAll) {
          throw badInput('export-of-whom', 'it is not clear whose data to export', {
            remedy: 'give a person, or --all',
          });
        }
        if (given === undefined) return await exportEverybody(persons, options);
        const id = await whichPerson(persons, { given, show: time.show });
        return await exportOne(persons, id, options);
      }),
    );
}

async function exportOne(persons: PersonClient, id: string, options: ExportOptions) {
  await using sink = await openSink(options.out);
  const record = await persons.export(id, 'everything');
  await exportPerson(record, sink);
  await sink.finish();
  const { templates, photographs, evidence, events, audit } = record;
  const counts = {
    templates: templates.length,
    photographs: photographs.length,
    evidence: evidence.length,
    events: events.length,
    auditEntries: audit.length,
  };
  print(options.json === true, { exported: id, out: options.out, ...counts }, () =>
    [
      `${options.out}: ${counted(counts.photographs, 'photograph')}, ${counted(counts.templates, 'template')}, ${counted(counts.evidence, 'evidence picture')}, ${counted(counts.events, 'event')}, ${counted(counts.auditEntries, 'audit entry', 'audit entries')}`,
      'Hand it over on a safe way and delete it: whoever has it has all of this.',
    ].join('\n'),
  );
  return exitCodes.done;
}

async function exportEverybody(persons: PersonClient, options: ExportOptions) {
  await using sink = await openSink(options.out);
  const all = await persons.list({ isRemovedIncluded: false });
  const summary = await exportAll(all, (id) => persons.export(id, 'enrolment'), sink);
  await sink.finish();
  print(options.json === true, { out: options.out, ...summary }, () => describeSummary(options.out, summary));
  return exitCodes.done;
}

function describeSummary(out: string, { persons, photographs, withoutPhotographs }: ExportSummary): string {
  const lines = [`${out}: ${counted(persons, 'person')}, ${counted(photographs, 'photograph')}`];
  if (withoutPhotographs.length > 0) {
    lines.push(`these have no photographs and cannot be imported again: ${withoutPhotographs.join(', ')}`);
  }
  return lines.join('\n');
}

function openSink(path: string): Promise<ExportSink> {
  return /\.zip$/i.test(path) ? createExportZip(path) : createExportFolder(path);
}
