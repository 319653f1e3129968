import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { z } from 'zod';
import { counted } from '../../base/counted.js';
import { badInput } from '../../base/errors.js';
import type { ShownIdentity } from '../../control/identity-control.js';
import { explainReading } from '../../host/file-access.js';
import { fingerprintOf } from '../../publish/identity/fingerprint.js';
import { keyIdOf } from '../../publish/identity/public-key.js';
import {
  type CheckedMessage,
  type CheckingKey,
  isGood,
  MessageChecker,
} from '../../publish/message-checker.js';
import type { SequenceSummary } from '../../publish/sequence-ledger.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openDaemonClient } from '../daemon-client.js';
import { exitCodes, printLine, runAction } from '../output.js';
import { describeRanges, shortType } from './event-text.js';

interface VerifyOptions extends CommonOptions {
  readonly keys?: string;
}

const keySetForm = z.object({
  /** Only a message has one. */
  signature: z.unknown().optional(),
  keys: z.array(
    z.object({
      kty: z.string(),
      crv: z.string().optional(),
      x: z.string().optional(),
      notAfter: z.iso.datetime().optional(),
    }),
  ),
});

/** Keys to verify with, by their thumbprints, from a JWK set (RFC 7517) as `identity show --jwks` prints it. */
export async function checkingKeys(set: unknown): Promise<ReadonlyMap<string, CheckingKey>> {
  const parsed = keySetForm.safeParse(set);
  if (!parsed.success) throw unusableKeys('it is no JWK set');
  // Whoever may write on that topic could have put keys of their own there, and signed everything with them.
  if (parsed.data.signature !== undefined) {
    throw unusableKeys('it is a message from a broker, which proves nothing by itself');
  }
  const keys = new Map<string, CheckingKey>();
  for (const { kty, crv, x, notAfter } of parsed.data.keys) {
    if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined) continue;
    const key = { kty, crv, x } as const;
    const end = notAfter === undefined ? {} : { notAfterS: Math.ceil(Date.parse(notAfter) / 1000) };
    keys.set(await keyIdOf(key), { key, ...end });
  }
  if (keys.size === 0) throw unusableKeys('it holds no Ed25519 key');
  return keys;
}

function unusableKeys(reason: string) {
  return badInput('key-set-unusable', `the key set cannot be used: ${reason}`, {
    remedy: "give what 'rollcall identity show --jwks' prints at the box",
  });
}

async function keysFrom({ keys, config }: VerifyOptions): Promise<ReadonlyMap<string, CheckingKey>> {
  if (keys === undefined) {
    const client = await openDaemonClient(config);
    return checkingKeys((await client.json<ShownIdentity>('GET', '/v1/identity')).jwks);
  }
  try {
    return await checkingKeys(JSON.parse(await readFile(keys, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) throw unusableKeys('it is not JSON');
    if (error instanceof Error && 'errno' in error) throw unusableKeys(explainReading(error).says);
    throw error;
  }
}

/** A line of mosquitto_sub: the message, behind its topic where `-v` was given. Undefined where there is none in it. */
export function messageIn(line: string): string | undefined {
  const text = line.trim();
  if (text === '') return undefined;
  const behindTopic = /^[^\s{]+ (\{.*)$/.exec(text);
  return behindTopic?.[1] ?? text;
}

function describeMessage(number: number, message: CheckedMessage): string {
  const { outcome, keyId, source, type, sequence, isHistorical, reason } = message;
  return [
    `${number}: ${outcome}`,
    ...(source === undefined ? [] : [source]),
    ...(sequence === undefined ? [] : [`sequence ${sequence}`]),
    ...(type === undefined ? [] : [shortType(type)]),
    ...(isHistorical === true ? ['historical'] : []),
    ...(keyId === undefined ? [] : [`key ${fingerprintOf(keyId).slice(0, 9)}`]),
    ...(reason === undefined ? [] : [`(${reason})`]),
  ].join('  ');
}

function describeSummary(source: string, summary: SequenceSummary): string {
  const { count, repeatCount, first, last, givenUp, missing } = summary;
  const parts = [`${source}: ${counted(count, 'event')} from ${first} to ${last}, ${repeatCount} repeated`];
  if (givenUp.length > 0) parts.push(`given up by the box: ${describeRanges(givenUp)}`);
  parts.push(missing.length === 0 ? 'none missing' : `MISSING: ${describeRanges(missing)}`);
  return parts.join('; ');
}

/** Nobody should take it for a proof. */
function noMessages() {
  return badInput('messages-missing', 'there is no message to verify', {
    remedy: "give what 'mosquitto_sub -v' printed, one message a line",
  });
}

async function verify(source: string, options: VerifyOptions): Promise<boolean> {
  const checker = new MessageChecker(await keysFrom(options));
  const input = source === '-' ? process.stdin : createReadStream(source);
  const isJson = options.json === true;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  let isAllGood = true;
  let isEmpty = true;
  let number = 0;
  for await (const line of createInterface({ input })) {
    number += 1;
    const text = messageIn(line);
    if (text === undefined) continue;
    isEmpty = false;
    const message = await checker.check(text);
    isAllGood &&= isGood(message);
    if (isJson) printLine({ line: number, isGood: isGood(message), ...message });
    else say(describeMessage(number, message));
  }
  if (isEmpty) throw noMessages();
  for (const [box, summary] of checker.summary()) {
    isAllGood &&= summary.missing.length === 0;
    if (isJson) printLine({ source: box, ...summary });
    else say(describeSummary(box, summary));
  }
  return isAllGood;
}

/** A folder can be opened, and then not be read. */
function isOfTheFile(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && ['open', 'read'].includes(String(error.syscall));
}

export function registerVerify(events: Command): void {
  withCommonOptions(events.command('verify'))
    .argument(
      '[file]',
      'messages as they came from a broker, one a line, with or without topics; "-": standard input',
      '-',
    )
    .option('--keys <file>', 'JWK set to verify with; absent: the keys of the running box')
    .description(
      'say of each message whether it is signed, repeated or contradicts another, and what is missing',
    )
    .action((source: string, options: VerifyOptions) =>
      runAction(options.json === true, async () => {
        try {
          return (await verify(source, options)) ? exitCodes.done : exitCodes.failed;
        } catch (error) {
          if (!isOfTheFile(error)) throw error;
          const { says } = explainReading(error);
          throw badInput('messages-unreadable', `the messages in ${source} cannot be read: ${says}`, {
            remedy: 'give the path of a file with one message a line, or "-"',
            cause: error,
          });
        }
      }),
    );
}
