import { type Command, Option } from 'commander';
import type { StrangerSummary } from '../../contract/strangers.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { isoTime } from '../../kernel/iso-time.js';
import { listedStrangerStates } from '../../kernel/strangers/stranger.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { parseCount } from '../events/events-tail.js';
import { checkPictureOptions, givePicture, type PictureOptions, pictureOption } from '../kept-picture.js';
import { firstItems } from '../pages.js';
import { timeForms } from '../site-time.js';
import { whichCameraOfRecords } from '../which-camera.js';
import { describeStranger, strangerTable } from './stranger-text.js';
import { registerAssign } from './strangers-assign.js';
import { strangerForms, whichStranger } from './which-stranger.js';

export function registerStrangers(program: Command): void {
  const strangers = program
    .command('strangers')
    .description(
      'persons who are not enrolled: list, show, merge, split, assign, ignore, discard and restore them',
    );
  registerList(strangers);
  registerShow(strangers);
  registerMergeAndSplit(strangers);
  registerAssign(strangers);
  registerIgnore(strangers);
  registerDiscard(strangers);
  registerRestore(strangers);
}

interface ListOptions extends CommonOptions {
  readonly state?: StrangerSummary['state'];
  readonly camera?: string;
  readonly since?: string;
  readonly limit: number;
}

function registerList(strangers: Command): void {
  withCommonOptions(strangers.command('list'))
    .addOption(new Option('--state <state>', 'only strangers in this state').choices(listedStrangerStates))
    .option('--camera <camera>', 'only strangers who were seen at this camera')
    .option('--since <time>', `only strangers who were seen since this time: ${timeForms}`)
    .option('-n, --limit <count>', 'how many strangers to show', parseCount, 50)
    .description('list the strangers whom the box remembers, the latest seen first')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { state, camera, since } = options;
        const filters = {
          state,
          camera: camera === undefined ? undefined : await whichCameraOfRecords(client, camera),
          since: since === undefined ? undefined : isoTime(time.readFrom(since)),
        };
        const found = await firstItems(options.limit, (page) =>
          client.call('strangers.list', { ...page, ...filters }),
        );
        print(options.json === true, found, () =>
          found.length === 0 ? 'no strangers found' : strangerTable(found, time.show),
        );
        return exitCodes.done;
      }),
    );
}

function registerShow(strangers: Command): void {
  withCommonOptions(strangers.command('show'))
    .argument('<stranger>', strangerForms)
    .option(...pictureOption)
    .description('show the passages of a stranger, and other strangers who may be the same person')
    .action((given: string, options: CommonOptions & PictureOptions) =>
      runAction(options.json === true, async () => {
        checkPictureOptions(options);
        const { client, time } = await openBox(options.config);
        const shown = await client.call('strangers.show', { stranger: await whichStranger(client, given) });
        print(options.json === true, shown, () => describeStranger(shown, time.show));
        // Without any, the answer about the newest passage says why.
        const pictured = shown.history.findLast(({ hasPicture }) => hasPicture) ?? shown.history.at(-1);
        const passage = pictured?.passage ?? '';
        await givePicture(
          options,
          () => client.call('passages.picture', { passage }),
          `stranger-${shown.id}`,
        );
        return exitCodes.done;
      }),
    );
}

interface ChangeOptions extends CommonOptions {
  readonly yes?: boolean;
}

function registerMergeAndSplit(strangers: Command): void {
  withCommonOptions(strangers.command('merge'))
    .argument('<stranger>', strangerForms)
    .argument('<others...>', 'the strangers who are the same person')
    .option('-y, --yes', 'do not ask for confirmation')
    .description('say that several strangers are one person; the id that was seen first stays')
    .action((given: string, givenOthers: readonly string[], options: ChangeOptions) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const ids: string[] = [];
        for (const each of [given, ...givenOthers]) ids.push(await whichStranger(client, each));
        const [stranger = '', ...others] = ids;
        const all = `${stranger}, ${others.join(', ')}`;
        await confirm(
          `This makes one stranger of ${all}. Only the id that was seen first stays.`,
          options.yes,
        );
        const kept = await client.call('strangers.merge', { stranger, others });
        print(options.json === true, kept, () => `merged into ${kept.id}: ${counted(kept.visits, 'visit')}`);
        return exitCodes.done;
      }),
    );
  withCommonOptions(strangers.command('split'))
    .argument('<stranger>', strangerForms)
    .requiredOption('--passages <passage...>', 'the passages that show another person')
    .description('make a new stranger of some passages of a stranger')
    .action((given: string, options: CommonOptions & { readonly passages: readonly string[] }) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const stranger = await whichStranger(client, given);
        const passages = [...options.passages];
        const made = await client.call('strangers.split', { stranger, passages });
        print(
          options.json === true,
          made,
          () => `new stranger ${made.id} with ${counted(made.passages, 'passage')}`,
        );
        return exitCodes.done;
      }),
    );
}

function registerIgnore(strangers: Command): void {
  withCommonOptions(strangers.command('ignore'))
    .argument('<stranger>', strangerForms)
    .option('--undo', 'cause events and alerts again')
    .description('cause no more events and alerts about a stranger, such as the postman')
    .action((given: string, options: CommonOptions & { readonly undo?: boolean }) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const stranger = await whichStranger(client, given);
        const changed =
          options.undo === true
            ? await client.call('strangers.notice', { stranger })
            : await client.call('strangers.ignore', { stranger });
        const what = changed.state === 'ignored' ? 'causes no more events and alerts' : 'causes events again';
        print(options.json === true, changed, () => `${changed.id} ${what}`);
        return exitCodes.done;
      }),
    );
}

function registerDiscard(strangers: Command): void {
  withCommonOptions(strangers.command('discard'))
    .argument('<stranger>', strangerForms)
    .option('-y, --yes', 'do not ask for confirmation')
    .option('--final', 'delete everything at once, without a way back; also of a discarded stranger')
    .description('forget a stranger: templates, pictures and the id in the passages, after 15 minutes')
    .action((given: string, options: ChangeOptions & { readonly final?: boolean }) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const isFinal = options.final === true;
        const stranger = await whichStranger(client, given);
        if (options.yes !== true) {
          const { visits, passages } = await client.call('strangers.show', { stranger });
          const lost = `${counted(visits, 'visit')} in ${counted(passages, 'passage')}`;
          const end = isFinal
            ? 'It cannot be undone.'
            : `For 15 minutes, 'rollcall strangers restore ${stranger}' takes it back.`;
          await confirm(
            `This forgets the stranger ${stranger}: the templates, the pictures, and who made ${lost}. ${end} If the person comes again, the box sees a new stranger.`,
            false,
          );
        }
        const lost = await client.call('strangers.discard', { stranger, isFinal });
        const { pictures, forgottenAt } = lost;
        const rest =
          forgottenAt === undefined
            ? `with ${counted(pictures ?? 0, 'picture')}`
            : `can be restored until ${time.show(forgottenAt)}`;
        print(options.json === true, lost, () => `discarded ${stranger}, ${rest}`);
        return exitCodes.done;
      }),
    );
}

function registerRestore(strangers: Command): void {
  withCommonOptions(strangers.command('restore'))
    .argument('<stranger>', 'whole id of the stranger')
    .description('take back that a stranger was discarded or assigned, within 15 minutes')
    .action((stranger: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const restored = await client.call('strangers.restore', { stranger });
        print(
          options.json === true,
          restored,
          () => `${restored.id} is recognised again: ${counted(restored.visits, 'visit')}`,
        );
        return exitCodes.done;
      }),
    );
}
