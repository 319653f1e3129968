/**
 * Why a command is not executed. Stable: programs match on them.
 *
 * | code                | the command                                                                |
 * |---------------------|----------------------------------------------------------------------------|
 * | `unknown-command`   | has a name that this box does not know                                     |
 * | `too-large`         | is larger than commands of its name may be                                 |
 * | `malformed`         | is no compact JWS, or its header or claims are not those of a command      |
 * | `unsigned`          | carries no signature                                                       |
 * | `algorithm-refused` | is signed with an algorithm other than EdDSA and ES256, or than its key's  |
 * | `unknown-issuer`    | names a key that the box does not trust, or an issuer whose key it is not  |
 * | `key-expired`       | is signed with a key that is trusted no longer                             |
 * | `bad-signature`     | was altered, or signed with another key                                    |
 * | `wrong-audience`    | is for another box                                                         |
 * | `wrong-topic`       | has another name than its topic                                            |
 * | `not-yet-valid`     | comes from the future, as the clock of the box sees it                     |
 * | `expired`           | is out of date, as the clock of the box sees it                            |
 * | `lifetime-too-long` | would be valid for more than a day                                         |
 * | `out-of-scope`      | needs a scope that the token lacks or its key may not use                  |
 * | `bad-arguments`     | has arguments that do not fit                                              |
 * | `replayed`          | has the id of another command, or came again and again                     |
 * | `memory-lost`       | was given before the box lost records that tell what it has executed       |
 * | `retained`          | was stored by the broker (retained): nobody sent it now                    |
 * | `busy`              | comes while too many wait; the same token may be sent again                |
 */
export const refusalCodes = [
  'unknown-command',
  'too-large',
  'malformed',
  'unsigned',
  'algorithm-refused',
  'unknown-issuer',
  'key-expired',
  'bad-signature',
  'wrong-audience',
  'wrong-topic',
  'not-yet-valid',
  'expired',
  'lifetime-too-long',
  'out-of-scope',
  'bad-arguments',
  'replayed',
  'memory-lost',
  'retained',
  'busy',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** A command that was refused, and how much of it can be believed. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly code: RefusalCode;
  /** Without anything of what an unknown sender wrote. */
  readonly message: string;
  /** The `jti`, where one was found. Proven only together with `issuerId`. */
  readonly commandId?: string;
  /** Whose key signed it; absent where that was not proven. */
  readonly issuerId?: string;
}

const messages: Readonly<Record<RefusalCode, string>> = {
  'unknown-command': 'the box knows no such command',
  'too-large': 'the token is larger than such a command may be',
  malformed: 'the token is not a command',
  unsigned: 'the token carries no signature',
  'algorithm-refused': 'the token is not signed with EdDSA or ES256 as its key is for',
  'unknown-issuer': 'the box does not trust the key that the token names, or not as the key of its issuer',
  'key-expired': 'the key of the issuer is trusted no longer',
  'bad-signature': 'the signature is not that of the key which the token names',
  'wrong-audience': 'the command is for another box',
  'wrong-topic': 'the command has another name than its topic',
  'not-yet-valid': 'the command is not in force yet',
  expired: 'the command is out of date',
  'lifetime-too-long': 'the command would be valid for longer than a day, or is older than its own end',
  'out-of-scope': 'the command needs a scope that its token does not name or its key may not use',
  'bad-arguments': 'the arguments do not fit the command',
  replayed: 'another command had the same id',
  'memory-lost':
    'the command was given before the box lost its memory of commands, and may have been executed: look how far it came, and give a new one',
  retained:
    'the broker had stored the message (retained): publish commands without retain, and clear what is stored',
  busy: 'too many commands wait; send the same token again later',
};

export const refusalMessage = (code: RefusalCode): string => messages[code];
