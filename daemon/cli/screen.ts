import type { Command } from 'commander';
import type { Screen } from '../contract/screens.js';
import { exitCodes, print, runAction, table } from '../host/output.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { confirm } from './confirm.js';
import { openBox } from './daemon-client.js';
import type { ShowTime } from './site-time.js';
import { whichCamera } from './which-camera.js';

export function registerScreen(program: Command): void {
  const screen = program.command('screen').description('the screens that show prompts of challenges');
  withCommonOptions(screen.command('list'))
    .description('list the screens, with the camera of each')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const screens = await client.call('screens.list', {});
        print(options.json === true, screens, () => describeScreens(screens, time.show));
        return exitCodes.done;
      }),
    );
  withCommonOptions(screen.command('add'))
    .argument('<camera>', 'id or name of the camera whose prompts it shows')
    .requiredOption('--label <text>', 'where it stands; write no names in it')
    .description('add a screen, and show the secret that pairs its browser; the secret works once')
    .action((given: string, options: CommonOptions & { readonly label: string }) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const camera = await whichCamera(client, given);
        const added = await client.call('screens.add', { camera, label: options.label });
        const { pairUntil } = added.screen;
        const until = pairUntil === undefined ? '' : ` until ${time.show(pairUntil)}`;
        print(
          options.json === true,
          added,
          () =>
            `${added.secret}\nOpen /kiosk# with this secret behind it in the browser of the screen${until}.`,
        );
        return exitCodes.done;
      }),
    );
  withCommonOptions(screen.command('remove'))
    .argument('<screen>', 'id of the screen')
    .option('-y, --yes', 'do not ask for confirmation')
    .description('remove a screen; it shows no further prompt')
    .action((id: string, options: CommonOptions & { readonly yes?: boolean }) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        await confirm(`This ends the screen ${id}. To use it again, it must be paired anew.`, options.yes);
        const removed = await client.call('screens.remove', { id });
        print(options.json === true, removed, () => `removed ${removed.id}`);
        return exitCodes.done;
      }),
    );
}

function describeScreens(screens: readonly Screen[], show: ShowTime): string {
  if (screens.length === 0) return "There are no screens. Run 'rollcall screen add' to add one.";
  const at = (time: string | undefined): string => (time === undefined ? '-' : show(time));
  return table(
    ['screen', 'camera', 'label', 'paired', 'last seen', 'from'],
    screens.map(({ id, camera, label, pairedAt, lastSeenAt, address = '-' }) => [
      ...[id, camera, label, at(pairedAt), at(lastSeenAt), address],
    ]),
  );
}
