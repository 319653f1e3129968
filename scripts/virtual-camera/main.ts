import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { createInterface } from 'node:readline';
import { Command, Option } from 'commander';
import { type ExitCode, exitCodes, runAction } from '../../daemon/host/output.js';
import { badInput, messageOf } from '../../daemon/kernel/errors.js';
import { challengeActions } from '../../daemon/kernel/liveness/challenge.js';
import { blinksOfClip } from './blink-script.js';
import { demoScenario } from './cast.js';
import type { RenderProgress } from './render.js';
import { renderedClip } from './rendered-clip.js';
import {
  type Mount,
  type RtspCredentials,
  type RtspServerCertificate,
  type RtspServerOptions,
  rtspUrl,
  startRtspServerProcess,
} from './rtsp-server.js';
import { readScenario } from './scenario-file.js';
import { servableClip } from './servable-clip.js';
import { type SubjectKind, startSubject, subjectKinds } from './subject.js';

interface RenderCommandOptions {
  readonly scenario?: string;
  readonly out: string;
  readonly truth?: string;
}

interface ServeCommandOptions {
  readonly subject?: SubjectKind;
  readonly clip?: readonly string[];
  readonly scenario?: string;
  readonly address: string;
  readonly port: string;
  readonly transport: 'tcp' | 'udp' | 'both';
  readonly user?: string;
  readonly passwordFile?: string;
  readonly login: 'digest' | 'basic';
  readonly certificate?: string;
  readonly key?: string;
}

const program = new Command('virtual-camera')
  .description('A CCTV camera made of clips and photographs, served by a real RTSP server.')
  .showHelpAfterError();

program
  .command('render')
  .description('render a scenario of moving, blinking faces to an MP4 file')
  .option('--scenario <file>', 'scenario in JSON (default: the three people of the demo)')
  .requiredOption('--out <file>', 'where the clip goes')
  .option('--truth <file>', 'also write the times and lengths of the blinks, as JSON')
  .action((options: RenderCommandOptions) => runAction(false, () => render(options)));

program
  .command('serve')
  .description('serve clips, or a rendered scenario, in a loop until interrupted')
  .option(
    '--clip <file...>',
    'video files; each gets a path of its own name (default: the demo scenario, /door)',
  )
  .option('--scenario <file>', 'scenario in JSON, served as /door')
  .addOption(
    new Option(
      '--subject <kind>',
      `instead of clips: a person as /door who is shown the prompts that come as lines (${challengeActions.join(', ')})`,
    ).choices(subjectKinds),
  )
  .option('--address <address>', 'where to listen; 0.0.0.0 lets other machines in', '127.0.0.1')
  .option('--port <number>', '0 takes any free one', '8554')
  .addOption(
    new Option('--transport <kind>', 'what clients may ask for')
      .choices(['tcp', 'udp', 'both'])
      .default('both'),
  )
  .option('--user <name>', 'ask clients to log in; needs --password-file')
  .option('--password-file <file>', 'file whose first line is the password')
  .addOption(
    new Option('--login <method>', 'how clients log in').choices(['digest', 'basic']).default('digest'),
  )
  .option('--certificate <file>', 'speak TLS with this certificate (PEM); needs --key')
  .option('--key <file>', 'its private key (PEM)')
  .action((options: ServeCommandOptions) => runAction(false, () => serve(options)));

await program.parseAsync();

async function render(options: RenderCommandOptions): Promise<ExitCode> {
  const scenario = options.scenario === undefined ? demoScenario() : await readScenario(options.scenario);
  await copyFile(await renderedClip(scenario, { onProgress: showProgress }), options.out);
  if (options.truth !== undefined) {
    const blinks = blinksOfClip(scenario).map(({ atS, durationS }) => ({ t: atS, durationS }));
    await writeFile(options.truth, `${JSON.stringify({ blinks }, null, 2)}\n`);
  }
  process.stdout.write(`${options.out}\n`);
  return exitCodes.done;
}

async function serve(options: ServeCommandOptions): Promise<ExitCode> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw badInput('port-invalid', `${options.port} is no port`, {
      remedy: 'Give a number from 0 to 65535.',
    });
  }
  const auth = await credentialsOf(options);
  const tls = certificateOf(options);
  const { address, transport } = options;
  const serving = {
    ...{ address, port, transport },
    ...(auth === undefined ? {} : { auth }),
    ...(tls === undefined ? {} : { tls }),
  };
  if (options.subject !== undefined) return serveSubject(options.subject, serving);
  const mounts = await mountsOf(options);
  await using server = await startRtspServerProcess({ mounts, ...serving });
  for (const mount of Object.keys(mounts)) {
    process.stdout.write(
      `${rtspUrl(server.port, mount, { host: address, isEncrypted: tls !== undefined })}\n`,
    );
  }
  if (auth !== undefined)
    process.stderr.write(`log in as ${auth.user} with the password of the given file\n`);
  return await untilInterrupted(server.ended);
}

async function serveSubject(
  kind: SubjectKind,
  serving: Omit<RtspServerOptions, 'mounts'>,
): Promise<ExitCode> {
  await using subject = await startSubject({ kind, ...serving });
  process.stdout.write(`${subject.url}\n`);
  const prompts = createInterface({ input: process.stdin });
  prompts.on('line', (line) => {
    const action = challengeActions.find((known) => known === line.trim());
    if (action !== undefined) subject.prompt(action);
    else process.stderr.write(`no such action: ${line}. Known: ${challengeActions.join(', ')}\n`);
  });
  try {
    return await untilInterrupted(subject.ended);
  } finally {
    prompts.close();
  }
}

async function untilInterrupted(ended: Promise<void>): Promise<ExitCode> {
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const first = await Promise.race([interrupted.then(() => 'interrupted'), ended.then(() => 'ended')]);
  return first === 'interrupted' ? exitCodes.done : exitCodes.failed;
}

async function mountsOf(options: ServeCommandOptions): Promise<Record<string, Mount>> {
  const mounts: Record<string, Mount> = {};
  for (const clip of options.clip ?? []) {
    const name = basename(clip, extname(clip)).replaceAll(/[^\w.-]+/g, '-');
    let path = `/${name}`;
    for (let number = 2; path in mounts; number++) path = `/${name}-${number}`;
    mounts[path] = { file: await servableClip(clip) };
  }
  if (options.clip === undefined || options.scenario !== undefined) {
    const scenario = options.scenario === undefined ? demoScenario() : await readScenario(options.scenario);
    mounts['/door'] = { file: await renderedClip(scenario, { onProgress: showProgress }) };
  }
  return mounts;
}

async function credentialsOf(options: ServeCommandOptions): Promise<RtspCredentials | undefined> {
  const { user, passwordFile, login: method } = options;
  if (user === undefined && passwordFile === undefined) return undefined;
  if (user === undefined || passwordFile === undefined) {
    throw badInput('login-incomplete', 'a login needs both a user and a password', {
      remedy: 'Give --user and --password-file together, or neither.',
    });
  }
  const password = (await passwordOf(passwordFile)).split(/\r?\n/, 1)[0] ?? '';
  if (password === '') {
    throw badInput('password-empty', `the first line of ${passwordFile} is empty`, {
      remedy: 'Write the password there.',
    });
  }
  return { user, password, method };
}

function certificateOf({ certificate, key }: ServeCommandOptions): RtspServerCertificate | undefined {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  throw badInput('certificate-incomplete', 'TLS needs both a certificate and its key', {
    remedy: 'Give --certificate and --key together, or neither.',
  });
}

async function passwordOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw badInput('password-unreadable', `cannot read the password file: ${messageOf(error)}`, {
      remedy: 'Name a file that exists and that you may read.',
      cause: error,
    });
  }
}

/** A progress line on standard error. Silent where standard error is not a terminal. */
function showProgress({ framesDone, framesTotal }: RenderProgress): void {
  if (!process.stderr.isTTY || (framesDone % 25 !== 0 && framesDone !== framesTotal)) return;
  const end = framesDone === framesTotal ? '\n' : '';
  process.stderr.write(`\rrendering ${Math.floor((100 * framesDone) / framesTotal)} %${end}`);
}
