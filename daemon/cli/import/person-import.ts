import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { exitCodes, print, runAction } from '../../host/output.js';
import type { CsvSeparator } from '../../kernel/csv.js';
import { badInput } from '../../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { withProgress } from '../progress.js';
import { openImportFolder } from './import-folder.js';
import { describeImport } from './import-report.js';
import { runImport } from './import-run.js';
import type { ImportSource } from './import-source.js';
import { openImportZip } from './import-zip.js';
import { openImport } from './open-import.js';

const separatorOf: Readonly<Record<string, CsvSeparator>> = { comma: ',', semicolon: ';', tab: '\t' };

interface ImportOptions extends CommonOptions {
  readonly photographs?: string;
  readonly separator?: string;
  readonly dryRun?: boolean;
  readonly allowDuplicates?: boolean;
  readonly skipRefused?: boolean;
}

export function registerImport(person: Command): void {
  withCommonOptions(person.command('import'))
    .argument(
      '<file>',
      'a CSV table, or a .zip with persons.csv and the photos; see docs/reference/persons.md',
    )
    .option(
      '--photographs <folder>',
      'folder of the photos, for relative paths in the table; default: the folder of the table',
    )
    .addOption(
      new Option('--separator <name>', 'separator of cells; default: detected from the heading').choices(
        Object.keys(separatorOf),
      ),
    )
    .option('--dry-run', 'check every row and photo; store nothing')
    .option('--allow-duplicates', 'enrol persons even if a face resembles another person')
    .option('--skip-refused', 'import the accepted rows even if others are refused')
    .description('enrol many persons, all or none; report on every row; exit code 1 if rows are refused')
    .action((path: string, options: ImportOptions) =>
      runAction(options.json === true, async () => {
        await using source = await openSource(path, options);
        const { client, time } = await openBox(options.config);
        const job = {
          source,
          openImport: () => openImport(client),
          todayIso: time.readDay('today'),
          separator: options.separator === undefined ? undefined : separatorOf[options.separator],
          isDryRun: options.dryRun === true,
          isDuplicateAllowed: options.allowDuplicates === true,
          isRefusedSkipped: options.skipRefused === true,
        };
        const watching = { title: 'importing rows', isJson: options.json === true };
        const report = await withProgress(watching, (progress) =>
          runImport({ ...job, onRow: (done, all) => progress.update(done, all) }),
        );
        print(options.json === true, report, () => describeImport(report));
        return report.refused === 0 ? exitCodes.done : exitCodes.failed;
      }),
    );
}

async function openSource(path: string, { photographs }: ImportOptions): Promise<ImportSource> {
  if (!/\.zip$/i.test(path)) return await openImportFolder(path, photographs ?? dirname(path));
  if (photographs === undefined) return await openImportZip(path);
  throw badInput('photographs-with-zip', '--photographs cannot be used with a zip archive', {
    remedy: 'Leave --photographs out, or unpack the archive and give its persons.csv.',
  });
}
