import type { Command } from 'commander';
import { sleep } from '../../base/clock.js';
import { badInput } from '../../base/errors.js';
import type { ControlClient } from '../../control/client.js';
import type {
  GalleryCalibrationReport,
  GalleryStatus,
  GalleryVerification,
  ReEmbedStatus,
} from '../../control/gallery-control.js';
import { systemClock } from '../../host/system-clock.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { Progress, withProgressOf } from '../progress.js';
import { describeCalibration } from './calibration-text.js';
import { describeGalleryStatus, describeReEmbedding, describeVerification, toldOf } from './gallery-text.js';

const POLL_MS = 500;

interface ReEmbedOptions extends CommonOptions {
  readonly to?: string;
  readonly acceptMissing?: boolean;
  readonly cancel?: boolean;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

/** States in which nothing changes any more by itself. */
const settled: readonly ReEmbedStatus['state'][] = ['ready', 'incomplete', 'cancelled', 'stopped', 'failed'];
const failed: readonly ReEmbedStatus['state'][] = ['incomplete', 'stopped', 'failed'];

export function registerGallery(program: Command): void {
  const gallery = program.command('gallery').description('the gallery as a whole');
  registerStatus(gallery);
  registerVerify(gallery);
  registerCalibrate(gallery);
  registerReEmbed(gallery);
}

function registerStatus(gallery: Command): void {
  withCommonOptions(gallery.command('status'))
    .description('show what the gallery holds, its keys, what is damaged and what runs in the background')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const status = await client.json<GalleryStatus>('GET', '/v1/gallery');
        print(options.json === true, status, () => describeGalleryStatus(status, time.show));
        return exitCodes.done;
      }),
    );
}

function registerVerify(gallery: Command): void {
  withCommonOptions(gallery.command('verify'))
    .description(
      'check every field while recognition goes on, and put damaged ones aside; find persons whose templates disagree; check the audit log and the pages of the file; exit code 1 when a problem is found',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const watching = { title: 'verifying the gallery, rows', isJson: options.json === true };
        const ask = async () => toldOf(await client.json<GalleryStatus>('GET', '/v1/gallery'));
        const found = await withProgressOf(watching, ask, () =>
          client.json<GalleryVerification>('POST', '/v1/gallery/verifications'),
        );
        print(options.json === true, found, () => describeVerification(found));
        return found.isWhole && found.disagreeing.length === 0 ? exitCodes.done : exitCodes.failed;
      }),
    );
}

function registerCalibrate(gallery: Command): void {
  withCommonOptions(gallery.command('calibrate'))
    .description(
      'find the threshold of each person from how near the other persons lie, and put it in force; name persons who look alike; exit code 1 when two of them cannot be told apart',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const report = await client.json<GalleryCalibrationReport>('POST', '/v1/gallery/calibrations');
        print(options.json === true, report, () => describeCalibration(report));
        return report.alike.every(({ isSeparable }) => isSeparable) ? exitCodes.done : exitCodes.failed;
      }),
    );
}

function registerReEmbed(gallery: Command): void {
  withCommonOptions(gallery.command('re-embed'))
    .option('--to <recogniser>', 'the recogniser to move to, as the configuration calls it')
    .option('--accept-missing', 'move without those of whom no template can be made')
    .option('--cancel', 'delete what was made for the move instead')
    .option('--wait', 'wait until everything was tried')
    .option('-y, --yes', 'do not ask')
    .description(
      'make all templates again with another recogniser from the photographs that were kept, in the background; exit code 1 when a person is left without one',
    )
    .action((options: ReEmbedOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const begun = options.cancel === true ? await cancel(client, options) : await start(client, options);
        const move = options.wait === true ? await follow(client, begun, options) : begun;
        print(options.json === true, move, () => describe(move));
        return failed.includes(move.state) ? exitCodes.failed : exitCodes.done;
      }),
    );
}

function start(client: ControlClient, { to, acceptMissing }: ReEmbedOptions): Promise<ReEmbedStatus> {
  if (to === undefined) {
    throw badInput('recogniser-needed', 'no recogniser is named', {
      remedy: "name the one to move to: 'rollcall gallery re-embed --to NAME'",
    });
  }
  const order = { to, acceptsMissing: acceptMissing === true };
  return client.json('PUT', '/v1/gallery/re-embedding', Buffer.from(JSON.stringify(order)));
}

async function cancel(client: ControlClient, { yes }: ReEmbedOptions): Promise<ReEmbedStatus> {
  await confirm('The templates that were made for the move are deleted.', yes);
  return client.json('DELETE', '/v1/gallery/re-embedding');
}

async function follow(
  client: ControlClient,
  begun: ReEmbedStatus,
  { json }: ReEmbedOptions,
): Promise<ReEmbedStatus> {
  let move = begun;
  using progress = new Progress({ title: 'embedding photographs', isJson: json === true });
  while (!settled.includes(move.state)) {
    progress.update(move.made + move.refused, move.total);
    await sleep(systemClock, POLL_MS);
    const { reEmbedding } = await client.json<GalleryStatus>('GET', '/v1/gallery');
    if (reEmbedding === undefined) return { ...move, state: 'stopped' };
    move = reEmbedding;
  }
  return move;
}

function describe(move: ReEmbedStatus): string {
  const text = describeReEmbedding(move);
  if (settled.includes(move.state)) return text;
  return `${text}\nit goes on in the background: 'rollcall gallery status' shows how far it is`;
}
