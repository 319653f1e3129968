/**
 * Why a command is refused. The codes are stable, because programs match on them.
 *
 * | code                | the command                                                                |
 * |---------------------|----------------------------------------------------------------------------|
 * | `unknown-command`   | has a name that this box does not know                                     |
 * | `too-large`         | is larger than commands of its name may be                                 |
 * | `malformed`         | is not a compact JWS, or has no valid header or claims of a command        |
 * | `unsigned`          | carries no signature                                                       |
 * | `algorithm-refused` | is not signed with EdDSA or ES256, or not with the algorithm of its key    |
 * | `unknown-issuer`    | names a key that the box does not trust, or the wrong issuer for the key   |
 * | `key-expired`       | is signed with a key that is no longer trusted                             |
 * | `bad-signature`     | was altered, or signed with another key                                    |
 * | `wrong-audience`    | is for another box                                                         |
 * | `wrong-topic`       | names a different command from its topic                                   |
 * | `not-yet-valid`     | is from the future, by the clock of the box                                |
 * | `expired`           | has expired, by the clock of the box                                       |
 * | `lifetime-too-long` | would be valid for more than a day                                         |
 * | `out-of-scope`      | needs a scope that the token or its key does not have                      |
 * | `bad-arguments`     | has invalid arguments                                                      |
 * | `replayed`          | has the id of another command, or came too often                           |
 * | `memory-lost`       | was issued before the box lost its records of executed commands            |
 * | `retained`          | was stored by the broker (retained), so it may be old                      |
 * | `busy`              | comes while too many commands wait; the same token may be sent again       |
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

/** A refused command, with the parts of it that can be trusted. */
export interface CommandRefusal {
  readonly outcome: 'refused';
  readonly code: RefusalCode;
  /** Contains no text of the sender. */
  readonly message: string;
  /** The `jti`, where one was found. Proven only where `issuerId` is present. */
  readonly commandId?: string;
  /** The issuer whose key signed the command; absent where that was not proven. */
  readonly issuerId?: string;
}

const messages: Readonly<Record<RefusalCode, string>> = {
  'unknown-command': 'the box does not know this command',
  'too-large': 'the token is larger than this command may be',
  malformed: 'the token is not a command',
  unsigned: 'the token carries no signature',
  'algorithm-refused': 'the token is not signed with the algorithm of its key (EdDSA or ES256)',
  'unknown-issuer': 'the box does not trust the key in the token, or not for this issuer',
  'key-expired': 'the key of the issuer is no longer trusted',
  'bad-signature': 'the signature does not match the key in the token',
  'wrong-audience': 'the command is for another box',
  'wrong-topic': 'the token names a different command from its topic',
  'not-yet-valid': 'the command is not valid yet',
  expired: 'the command has expired',
  'lifetime-too-long': 'the command would be valid for longer than a day, or ends before it begins',
  'out-of-scope': 'the command needs a scope that its token or its key does not have',
  'bad-arguments': 'the arguments of the command are invalid',
  replayed: 'another command had the same id',
  'memory-lost':
    'the command is older than a loss of records on the box and may have been executed; check its effect, and send a new one',
  retained:
    'the message is retained at the broker; publish commands without retain, and clear the retained message',
  busy: 'too many commands wait; send the same token again later',
};

export const refusalMessage = (code: RefusalCode): string => messages[code];
