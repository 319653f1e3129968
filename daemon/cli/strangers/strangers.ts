import { strangerForms } from '../../contract/command-line.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import type { RegisterByHand } from '../derived-commands.js';
import { showAnswer } from '../show-answer.js';
import { registerAssign } from './strangers-assign.js';
import { whichStranger } from './which-stranger.js';

export function registerStrangers(...[groupOf, addDerived]: Parameters<RegisterByHand>): void {
  addDerived('strangers split');
  const strangers = groupOf('strangers');
  registerAssign(strangers);
  withCommonOptions(strangers.command('ignore'))
    .argument('<stranger>', strangerForms)
    .option('--undo', 'cause events and alerts again')
    .description('stop events and alerts about an unknown person, such as the postman')
    .action((given: string, options: CommonOptions & { readonly undo?: boolean }) =>
      showAnswer(
        options,
        async ({ client }) =>
          await client.call(options.undo === true ? 'strangers.notice' : 'strangers.ignore', {
            stranger: await whichStranger(client, given),
          }),
        ({ id, state }) =>
          `${id} ${state === 'ignored' ? 'causes no more events and alerts' : 'causes events again'}`,
      ),
    );
  addDerived();
}
