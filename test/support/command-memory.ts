import type {
  AcceptedCommand,
  CommandMemory,
  KnownCommand,
} from '../../daemon/core/commands/command-memory.js';

interface Kept extends AcceptedCommand {
  readonly number: number;
  state: 'waiting' | 'begun' | 'answered';
  reply: string | undefined;
}

/** What the box remembers of commands, without a disk. */
export function memoryOfCommands(): CommandMemory {
  const kept: Kept[] = [];
  const shown = ({ claimsHash: _hash, state: _state, reply: _reply, ...command }: Kept): KnownCommand =>
    command;
  const inState = (state: Kept['state']) => kept.filter((command) => command.state === state);
  const at = (number: number) => kept[number - 1];
  return {
    accept(command) {
      const { issuerId, commandId } = command;
      const known = kept.find((one) => one.issuerId === issuerId && one.commandId === commandId);
      if (known === undefined) {
        kept.push({ ...command, number: kept.length + 1, state: 'waiting', reply: undefined });
        return { outcome: 'accepted' };
      }
      if (Buffer.compare(known.claimsHash, command.claimsHash) !== 0) return { outcome: 'id-taken' };
      if (known.state !== 'answered') return { outcome: 'under-way' };
      return { outcome: 'answered', reply: known.reply };
    },
    knows: (commandId) => kept.some((command) => command.commandId === commandId),
    nextWaiting: () => inState('waiting').map(shown)[0],
    takeDropped: () => 0,
    waitingCount: () => inState('waiting').length,
    begin(number) {
      const command = at(number);
      if (command?.state !== 'waiting') return false;
      command.state = 'begun';
      return true;
    },
    begun: () => inState('begun').map(shown),
    answered(number, reply) {
      const command = at(number);
      if (command === undefined) return;
      command.state = 'answered';
      command.reply = reply ?? undefined;
    },
    forget: () => undefined,
  };
}
