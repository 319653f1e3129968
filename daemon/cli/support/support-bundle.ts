import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { logLine } from '../../contract/host.js';
import { loadConfig } from '../../contract/settings/load.js';
import { type Config, fileSchema } from '../../contract/settings/schema.js';
import { boxStatus } from '../../contract/status.js';
import { ControlClient } from '../../core/api/client.js';
import { examineBox } from '../../core/doctor/doctor.js';
import { readHardwareFaults } from '../../host/hardware-faults.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { checkOutcomes } from '../../kernel/check-outcome.js';
import { counted } from '../../kernel/counted.js';
import { badInput, isRollcallError, messageOf } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Said } from '../../kernel/said.js';
import { english } from '../../words/english.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { versionReport } from '../version.js';
import { Disguise, wordsOf } from './disguise.js';

const mostLines = 5000;
const pageLines = 500;

/** What the bundle of a box tells about it. */
interface Bundle {
  readonly madeAt: string;
  readonly about: string;
  readonly versions: unknown;
  readonly hardware: unknown;
  readonly configuration: unknown;
  readonly status: unknown;
  readonly doctor: readonly unknown[];
  readonly metrics: readonly string[];
  readonly log: readonly unknown[];
}

const about =
  'Made by "rollcall support-bundle". Every text that is not a word of the program is replaced: the same text by the same "text-N". It has no names, addresses, ids, pictures, or secrets. Read it before you pass it on.';

export function registerSupportBundle(program: Command): void {
  withCommonOptions(program.command('support-bundle'))
    .argument('<file>', 'new file; never overwrites a file')
    .description(
      'write what a helper needs to find a fault: versions, settings, state, counters, and log lines, without names, addresses, and secrets',
    )
    .action((file: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const path = resolve(file);
        const bundle = await collect(options.config);
        await write(path, `${JSON.stringify(bundle, undefined, 1)}\n`);
        const answer = { path, lines: bundle.log.length, metrics: bundle.metrics.length };
        print(
          options.json === true,
          answer,
          () =>
            `Wrote ${path}: ${counted(answer.lines, 'log line')}, ${counted(answer.metrics, 'counter')}. Read it before you pass it on.`,
        );
        return exitCodes.done;
      }),
    );
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw badInput('bundle-not-written', `cannot write ${path}: ${messageOf(cause)}`, {
      remedy: 'Choose a new file in a folder where you may write.',
      cause,
    });
  }
}

async function collect(configPath: string): Promise<Bundle> {
  const disguise = new Disguise([...wordsOf(fileSchema), ...wordsOf(boxStatus), ...codesOfProgram()]);
  const loaded = await loadConfig(configPath);
  const client = loaded.ok ? new ControlClient(loaded.config.control.socketPath) : undefined;
  return {
    madeAt: isoTime(clock.wallMs()),
    about,
    versions: versionReport(),
    hardware: Object.fromEntries(await readHardwareFaults()),
    configuration: loaded.ok
      ? disguise.document(settingsOf(loaded.config))
      : loaded.problems.map(({ line, column }) => ({ line, column })),
    status: disguise.document(await orCode(async () => client?.call('status.show'))),
    doctor: await doctorOf(configPath),
    metrics: await metricsOf(client, disguise),
    log: await logOf(client, disguise),
  };
}

/** Codes of errors, conditions, and findings, and the outcomes of checks. */
function codesOfProgram(): readonly string[] {
  return [...checkOutcomes, ...[...english.keys()].flatMap((code) => [code, code.split('/').at(-1) ?? ''])];
}

/** Without what the loader adds about files that it could not read: their problems quote them. */
function settingsOf({ unusableCameraFiles, unusableChannelFiles, ...config }: Config) {
  return {
    ...config,
    unusableCameraFiles: unusableCameraFiles.length,
    unusableChannelFiles: unusableChannelFiles.length,
  };
}

async function orCode<T>(work: () => Promise<T>): Promise<T | { readonly code: string }> {
  try {
    return await work();
  } catch (error) {
    return { code: isRollcallError(error) ? error.code : 'internal' };
  }
}

/** The codes of what the doctor says, without what they are about. */
async function doctorOf(configPath: string): Promise<readonly unknown[]> {
  const findings = await examineBox(configPath);
  return findings.map(({ outcome, says: { title, message, remedy } }) => ({
    outcome,
    check: codesIn(title),
    message: codesIn(message),
    remedy: codesIn(remedy),
  }));
}

function codesIn(said: Said | undefined): readonly string[] {
  if (said === undefined) return [];
  const inner = Object.values(said.values ?? {}).filter((value): value is Said => typeof value === 'object');
  return [said.code, ...inner.flatMap(codesIn)];
}

async function metricsOf(client: ControlClient | undefined, disguise: Disguise): Promise<readonly string[]> {
  const bytes = await orCode(async () => client?.call('metrics.read'));
  return bytes instanceof Uint8Array ? disguise.metrics(Buffer.from(bytes).toString('utf8')) : [];
}

/** What the daemon remembers, or what the journal has while no daemon answers. The oldest line first. */
async function logOf(client: ControlClient | undefined, disguise: Disguise): Promise<readonly unknown[]> {
  try {
    if (client === undefined) throw new RangeError('no configuration');
    const lines: unknown[] = [];
    for (let cursor: string | undefined; lines.length < mostLines; ) {
      const given = cursor === undefined ? {} : { cursor };
      const page = await client.call('host.logs', { limit: pageLines, ...given });
      for (const line of page.items) lines.push(shownLine(line, disguise));
      if (page.nextCursor === null || page.nextCursor === undefined) break;
      cursor = page.nextCursor;
    }
    return lines.reverse();
  } catch {
    return (await journal()).flatMap((text) => {
      const line = fromJournal(text);
      return line === undefined ? [] : [shownLine(line, disguise)];
    });
  }
}

interface Line {
  readonly at: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Messages are constant; what varies is in the fields, whose own names are constant too. */
function shownLine({ at, level, message, fields }: Line, disguise: Disguise) {
  return {
    ...{ at, level, message },
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, disguise.document(value)]),
    ),
  };
}

/** A line as the daemon writes it, JSON. Lines of others are left out. */
function fromJournal(text: string): Line | undefined {
  try {
    const { time, level, msg, ...fields } = JSON.parse(text) as Record<string, unknown>;
    const parsed = logLine
      .pick({ level: true, at: true, message: true })
      .safeParse({ at: time, level, message: msg });
    return parsed.success ? { ...parsed.data, fields } : undefined;
  } catch {
    return undefined;
  }
}

function journal(): Promise<readonly string[]> {
  const units = ['rollcalld', 'rollcall-gate', 'rollcall-vision-*'].map((unit) => `--unit=${unit}`);
  const given = [...units, '--output=cat', `--lines=${mostLines}`, '--no-pager', '--quiet'];
  return new Promise((done) => {
    execFile('journalctl', given, { maxBuffer: 64 * 2 ** 20 }, (error, stdout) =>
      done(error === null ? stdout.split('\n') : []),
    );
  });
}
