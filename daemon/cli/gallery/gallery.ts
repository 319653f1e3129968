import type { Command } from 'commander';
import type {
  CalibrationItem,
  GalleryCalibrationReport,
  GalleryVerification,
  ReEmbedding,
  VerificationItem,
} from '../../contract/gallery.js';
import type { ControlClient } from '../../core/api/client.js';
import { systemClock } from '../../host/system-clock.js';
import { sleep } from '../../kernel/clock.js';
import { badInput, defect } from '../../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { Progress, withDaemonProgress } from '../progress.js';
import { showAnswer } from '../show-answer.js';
import {
  describeCalibration,
  describeGalleryStatus,
  describeReEmbedding,
  describeVerification,
  progressOf,
} from './gallery-text.js';

const POLL_MS = 500;

interface ReEmbedOptions extends CommonOptions {
  readonly to?: string;
  readonly acceptMissing?: boolean;
  readonly cancel?: boolean;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

const failed: readonly ReEmbedding['state'][] = ['incomplete', 'stopped', 'failed'];
/** Final states of a move. */
const settled: readonly ReEmbedding['state'][] = ['ready', 'cancelled', ...failed];

export function registerGallery(program: Command): void {
  const gallery = program
    .command('gallery')
    .description('show, verify and calibrate the gallery; move it to another recogniser');
  withCommonOptions(gallery.command('status'))
    .description('show the contents of the gallery, its keys, damaged rows and background work')
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        ({ client }) => client.call('gallery.show'),
        (status, { show }) => describeGalleryStatus(status, show),
      ),
    );
  registerVerify(gallery);
  withCommonOptions(gallery.command('calibrate'))
    .description(
      'set the threshold of each person by how similar the other persons are; list persons who look alike; exit code 1 if two of them cannot be told apart',
    )
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        async ({ client }) => gatherCalibration(await client.call('gallery.calibrate')),
        describeCalibration,
        ({ alike }) => alike.some(({ isSeparable }) => !isSeparable),
      ),
    );
  registerReEmbed(gallery);
}

function registerVerify(gallery: Command): void {
  withCommonOptions(gallery.command('verify'))
    .description(
      'check every field, the templates of each person, the audit log and the pages of the file while recognition continues; damaged rows are ignored from then on; exit code 1 if a problem is found',
    )
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        ({ client }) =>
          withDaemonProgress(
            { title: 'verifying the gallery, rows', isJson: options.json === true },
            async () => progressOf(await client.call('gallery.show')),
            async () => gatherVerification(await client.call('gallery.verify')),
          ),
        describeVerification,
        ({ isWhole, disagreeing }) => !isWhole || disagreeing.length > 0,
      ),
    );
}

async function gatherVerification(items: AsyncIterable<VerificationItem>): Promise<GalleryVerification> {
  let summary: Omit<GalleryVerification, 'findings' | 'disagreeing'> | undefined;
  const findings: GalleryVerification['findings'][number][] = [];
  const disagreeing: GalleryVerification['disagreeing'][number][] = [];
  for await (const { kind: _, ...item } of items) {
    if ('finding' in item) findings.push(item.finding);
    else if ('person' in item) disagreeing.push(item.person);
    else summary = item;
  }
  if (summary === undefined) throw withoutSummary();
  return { ...summary, findings, disagreeing };
}

async function gatherCalibration(items: AsyncIterable<CalibrationItem>): Promise<GalleryCalibrationReport> {
  let summary: Omit<GalleryCalibrationReport, 'persons' | 'alike'> | undefined;
  const persons: GalleryCalibrationReport['persons'][number][] = [];
  const alike: GalleryCalibrationReport['alike'][number][] = [];
  for await (const { kind: _, ...item } of items) {
    if ('pair' in item) alike.push(item.pair);
    else if ('person' in item) persons.push(item.person);
    else summary = item;
  }
  if (summary === undefined) throw withoutSummary();
  return { ...summary, persons, alike };
}

const withoutSummary = () => defect('answer-incomplete', 'the answer of the daemon has no summary');

function registerReEmbed(gallery: Command): void {
  withCommonOptions(gallery.command('re-embed'))
    .option('--to <recogniser>', 'the new recogniser, by its name in the configuration')
    .option('--accept-missing', 'move even if no template can be made for some persons')
    .option('--cancel', 'cancel the move and delete its templates')
    .option('--wait', 'wait until all photos were tried')
    .option('-y, --yes', 'do not ask for confirmation')
    .description(
      'move the gallery to another recogniser: make new templates from the stored photos, in the background; exit code 1 if a person is left without a template',
    )
    .action((options: ReEmbedOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const started =
            options.cancel === true ? await cancel(client, options) : await start(client, options);
          return options.wait === true ? await follow(client, started, options) : started;
        },
        describe,
        ({ state }) => failed.includes(state),
      ),
    );
}

function start(client: ControlClient, { to, acceptMissing }: ReEmbedOptions): Promise<ReEmbedding> {
  if (to === undefined) {
    throw badInput('recogniser-needed', 'the option --to is missing', {
      remedy: "Name the new recogniser: 'rollcall gallery re-embed --to NAME'.",
    });
  }
  const order = { to, acceptsMissing: acceptMissing === true };
  return client.call('gallery.re-embed', order);
}

async function cancel(client: ControlClient, { yes }: ReEmbedOptions): Promise<ReEmbedding> {
  await confirm('This cancels the move and deletes its templates.', yes);
  return client.call('gallery.cancel-re-embed');
}

async function follow(
  client: ControlClient,
  started: ReEmbedding,
  { json }: ReEmbedOptions,
): Promise<ReEmbedding> {
  let move = started;
  using progress = new Progress({ title: 'embedding photos', isJson: json === true });
  while (!settled.includes(move.state)) {
    progress.update(move.made + move.refused, move.total);
    await sleep(systemClock, POLL_MS);
    const { reEmbedding } = await client.call('gallery.show');
    if (reEmbedding === undefined) return { ...move, state: 'stopped' };
    move = reEmbedding;
  }
  return move;
}

function describe(move: ReEmbedding): string {
  const text = describeReEmbedding(move);
  if (settled.includes(move.state)) return text;
  return `${text}\nThe move continues in the background; 'rollcall gallery status' shows its progress.`;
}
