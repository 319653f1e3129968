import type { Command } from 'commander';
import { personForms } from '../../contract/command-line.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { allPersons } from '../person/all-persons.js';
import { whichPerson } from '../person/which-person.js';
import { type ExportSummary, exportAll, exportPerson } from './export-archive.js';
import type { ExportSink } from './export-sink.js';
import { createExportFolder, createExportZip } from './export-sink.js';
import { collectRecord } from './person-record.js';

interface ExportOptions extends CommonOptions {
  readonly out: string;
  readonly all?: boolean;
}

export function registerExport(person: Command): void {
  withCommonOptions(person.command('export'))
    .argument('[person]', personForms)
    .requiredOption(
      '-o, --out <path>',
      'a new .zip archive, or a new folder if the path does not end in .zip',
    )
    .option('--all', "export profile and photos of all persons, for 'person import'")
    .description('write all data of a person to an archive that only you can read')
    .action((given: string | undefined, options: ExportOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const isAll = options.all === true;
        if ((given === undefined) !== isAll) {
          throw badInput('export-of-whom', 'expected either one person or --all', {
            remedy: 'Give a person, or --all for all persons.',
          });
        }
        if (given === undefined) return await exportAllPersons(client, options);
        const id = await whichPerson(client, { given, show: time.show });
        return await exportOne(client, id, options);
      }),
    );
}

async function exportOne(client: ControlClient, id: string, options: ExportOptions) {
  await using sink = await openSink(options.out);
  const record = await collectRecord(await client.call('persons.export', { id, scope: 'everything' }));
  await exportPerson(record, sink);
  await sink.finish();
  const { templates, photographs, evidence, events, passages, audit } = record;
  const counts = {
    templates: templates.length,
    photographs: photographs.length,
    evidence: evidence.length,
    events: events.length,
    passages: passages.length,
    auditEntries: audit.length,
  };
  print(options.json === true, { exported: id, out: options.out, ...counts }, () =>
    [
      `${options.out}: ${counted(counts.photographs, 'photo')}, ${counted(counts.templates, 'template')}, ${counted(counts.evidence, 'evidence picture')}, ${counted(counts.events, 'event')}, ${counted(counts.passages, 'passage')}, ${counted(counts.auditEntries, 'audit entry', 'audit entries')}`,
      'Hand it over by a secure way, then delete it here: it contains all data of the person.',
    ].join('\n'),
  );
  return exitCodes.done;
}

async function exportAllPersons(client: ControlClient, options: ExportOptions) {
  await using sink = await openSink(options.out);
  const all = await allPersons(client, 'excluded');
  const read = async (id: string) =>
    collectRecord(await client.call('persons.export', { id, scope: 'enrolment' }));
  const summary = await exportAll(all, read, sink);
  await sink.finish();
  print(options.json === true, { out: options.out, ...summary }, () => describeSummary(options.out, summary));
  return exitCodes.done;
}

function describeSummary(out: string, { persons, photographs, withoutPhotographs }: ExportSummary): string {
  const lines = [`${out}: ${counted(persons, 'person')}, ${counted(photographs, 'photo')}`];
  if (withoutPhotographs.length > 0) {
    lines.push(`Persons without photos, who cannot be imported again: ${withoutPhotographs.join(', ')}`);
  }
  return lines.join('\n');
}

function openSink(path: string): Promise<ExportSink> {
  return /\.zip$/i.test(path) ? createExportZip(path) : createExportFolder(path);
}
