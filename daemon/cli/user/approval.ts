import type { Command } from 'commander';
import type { Approval } from '../../contract/approvals.js';
import { exitCodes, print, runAction, table } from '../../host/output.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import type { ShowTime } from '../site-time.js';

export function registerApproval(program: Command): void {
  const approval = program
    .command('approval')
    .description('requests of users that a second person must approve (api.secondPerson)');
  registerList(approval);
  registerDecision(
    approval,
    'approve',
    'let a user do once what they asked for, within 30 minutes of the request',
  );
  registerDecision(approval, 'refuse', 'refuse a request, also after it was approved');
}

function registerList(approval: Command): void {
  withCommonOptions(approval.command('list'))
    .description('list the requests of the last 30 minutes with their states')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { items } = await client.call('approvals.list', { limit: 1000 });
        print(options.json === true, items, () => describeApprovals(items, time.show));
        return exitCodes.done;
      }),
    );
}

function registerDecision(approval: Command, name: 'approve' | 'refuse', description: string): void {
  withCommonOptions(approval.command(name))
    .argument('<id>', 'id of the request, from the list')
    .description(description)
    .action((id: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const decided = await client.call(`approvals.${name}`, { id });
        const { operation, askedBy, state } = decided;
        print(
          options.json === true,
          decided,
          () => `${operation}, asked by ${askedBy.userName}, is ${state}.`,
        );
        return exitCodes.done;
      }),
    );
}

function describeApprovals(approvals: readonly Approval[], show: ShowTime): string {
  if (approvals.length === 0) return 'No request waits for a second person.';
  const rows = approvals.map(({ id, operation, input, askedBy, expiresAt, state }) => [
    ...[id, operation, JSON.stringify(input), askedBy.userName, show(expiresAt), state],
  ]);
  return table(['id', 'operation', 'with', 'asked by', 'until', 'state'], rows);
}
