import { readFile, writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../../contract/settings/load.js';
import type { Config } from '../../contract/settings/schema.js';
import { ControlClient } from '../../core/api/client.js';
import { programVersion } from '../../core/api/program-version.js';
import { doctor, type Finding, failed } from '../../core/doctor/finding.js';
import { gateFindings } from '../../core/doctor/gate-finding.js';
import { emptyNote, noteOf, proofOf, type UpdateNote, updateNote } from '../../core/doctor/update-proof.js';
import { readUpdateReport, updateFindings } from '../../core/doctor/update-report.js';
import { installedLanguages } from '../../host/installed-languages.js';
import { type ExitCode, exitCodes, print, runAction } from '../../host/output.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { sleep } from '../../kernel/clock.js';
import { badInput, isRollcallError, messageOf } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { paintFor } from '../colour.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { invalidConfig, siteTimeIn } from '../daemon-client.js';
import { describeFinding } from '../finding-text.js';
import { type ApplyOptions, applyUpdate, defaultKeyring } from './apply-update.js';

/**
 * A camera can take this long to accept a new connection while it still holds the former one. Only a check that fails takes as long.
 */
const proofWithinS = 90;
const askEveryMs = 500;

interface CheckOptions extends CommonOptions {
  readonly before: string;
  readonly report?: string;
  readonly stoppedAt?: number;
  readonly within: number;
}

export function registerUpdate(program: Command): void {
  const update = program.command('update').description('update the box, and show how the last update ended');
  update
    .command('apply')
    .argument(
      '<package>',
      'file of a signed package, or "latest" for the newest of the configured repositories',
    )
    .option('--keyring <file>', 'keys that may have signed the file', defaultKeyring)
    .option('--allow-downgrade', 'also install a version that is older than the present one')
    .description(
      'install a package whose signature is valid; goes back if the box then does less than before',
    )
    .action((what: string, options: ApplyOptions) => runAction(false, () => applyUpdate(what, options)));
  withCommonOptions(update.command('status'))
    .description('show the version, and how the last update ended')
    .action((options: CommonOptions) => runAction(options.json === true, () => showStatus(options)));
  withCommonOptions(update.command('note'))
    .description('print what the box does now, as JSON for "check"; updates run it')
    .action((options: CommonOptions) => runAction(options.json === true, () => note(options)));
  withCommonOptions(update.command('check'))
    .requiredOption('--before <file>', 'what "note" printed before; an empty file where the box did not run')
    .option('--within <seconds>', 'how long to wait for cameras and the broker', seconds, proofWithinS)
    .option('--stopped-at <seconds>', 'when the box was stopped, in seconds since 1970', seconds)
    .option('--report <file>', 'also write the result to this file, as JSON')
    .description('check that the box does what it did before; updates run it; exit code 1 if it does not')
    .action((options: CheckOptions) => runAction(options.json === true, () => check(options)));
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0) return value;
  throw new InvalidArgumentError('It must be a number of seconds.');
}

async function configOf({ config: path }: CommonOptions): Promise<Config> {
  const loaded = await loadConfig(path);
  if (!loaded.ok) throw invalidConfig(path, loaded.problems);
  return loaded.config;
}

async function note(options: CommonOptions): Promise<ExitCode> {
  const config = await configOf(options);
  const status = await new ControlClient(config.control.socketPath).call('status.show');
  print(true, noteOf(status, await gateFindings(config, undefined)), () => '');
  return exitCodes.done;
}

async function check(options: CheckOptions): Promise<ExitCode> {
  const before = await readNote(options.before);
  const config = await configOf(options);
  const client = new ControlClient(config.control.socketPath);
  const findings = async (): Promise<readonly Finding[]> => {
    try {
      return proofOf(before, await client.call('status.show'), await gateFindings(config, undefined));
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      return [failed(doctor('check-daemon'), error)];
    }
  };
  const fails = (found: readonly Finding[]) => found.some(({ outcome }) => outcome === 'failed');
  const endsAtMs = clock.monotonicMs() + options.within * 1000;
  let found = await findings();
  while (fails(found) && clock.monotonicMs() < endsAtMs) {
    await sleep(clock, askEveryMs);
    found = await findings();
  }
  const isProven = !fails(found);
  const { stoppedAt } = options;
  const took = stoppedAt === undefined || !isProven ? {} : { readyAfterS: clock.wallMs() / 1000 - stoppedAt };
  const proof = { at: isoTime(clock.wallMs()), isProven, ...took, findings: found };
  if (options.report !== undefined) {
    await writeFile(options.report, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o644 });
  }
  print(options.json === true, proof, () => linesOf(found).join('\n'));
  return isProven ? exitCodes.done : exitCodes.failed;
}

async function readNote(path: string): Promise<UpdateNote> {
  try {
    const text = await readFile(path, 'utf8');
    return text.trim() === '' ? emptyNote : updateNote.parse(JSON.parse(text));
  } catch (error) {
    throw badInput(
      'unusable-note',
      `${path} is not what "rollcall update note" prints: ${messageOf(error)}`,
      {
        remedy: 'Give the file that "rollcall update note" wrote before.',
      },
    );
  }
}

const linesOf = (findings: readonly Finding[]): readonly string[] => {
  const language = installedLanguages().ofTerminal(process.env);
  const paint = paintFor(process.stdout);
  return findings.map((each) => describeFinding(each, paint, language));
};

async function showStatus({ config, json }: CommonOptions): Promise<ExitCode> {
  const report = await readUpdateReport();
  const { show } = await siteTimeIn(config);
  const version = programVersion();
  print(json === true, { version, ...report }, () =>
    [`version: ${version}`, ...linesOf(updateFindings(report, show))].join('\n'),
  );
  return report.last?.outcome === 'undone' || report.isUnfinished ? exitCodes.failed : exitCodes.done;
}
