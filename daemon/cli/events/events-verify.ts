import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { z } from 'zod';
import { describeRanges, shortType } from '../../contract/events/event-text.js';
import type { SequenceSummary } from '../../core/delivery/sequence-ledger.js';
import {
  type CheckedMessage,
  type CheckingKey,
  isGood,
  MessageChecker,
} from '../../core/identity/message-checker.js';
import { fingerprintOf, keyIdOf } from '../../core/identity/public-key.js';
import { explainReading } from '../../host/file-access.js';
import { exitCodes, printLine, runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';

interface VerifyOptions extends CommonOptions {
  readonly keys?: string;
}

const keySetForm = z.object({
  /** Present only in a message from a broker. */
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

/** Reads keys by thumbprint from a JWK set (RFC 7517), as `identity show --jwks` prints it. */
export async function parseKeySet(set: unknown): Promise<ReadonlyMap<string, CheckingKey>> {
  const parsed = keySetForm.safeParse(set);
  if (!parsed.success) throw unusableKeys('it is not a JWK set');
  // A client that may write to this topic could publish its own keys there and sign all messages with them.
  if (parsed.data.signature !== undefined) {
    throw unusableKeys('it is a message from a broker, and such a message proves nothing');
  }
  const keys = new Map<string, CheckingKey>();
  for (const { kty, crv, x, notAfter } of parsed.data.keys) {
    if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined) continue;
    const key = { kty, crv, x } as const;
    const end = notAfter === undefined ? {} : { notAfterS: Math.ceil(Date.parse(notAfter) / 1000) };
    keys.set(await keyIdOf(key), { key, ...end });
  }
  if (keys.size === 0) throw unusableKeys('it contains no Ed25519 key');
  return keys;
}

function unusableKeys(reason: string) {
  return badInput('key-set-unusable', `cannot use the key set: ${reason}`, {
    remedy:
      "Run 'rollcall identity show --jwks' on the box, write its output to a file and give that file with --keys.",
  });
}

/** The keys of a file, or else those of the running box. */
export async function keysFrom({ keys, config }: VerifyOptions): Promise<ReadonlyMap<string, CheckingKey>> {
  if (keys === undefined) {
    const { client } = await openBox(config);
    return parseKeySet((await client.call('identity.show')).jwks);
  }
  try {
    return await parseKeySet(JSON.parse(await readFile(keys, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) throw unusableKeys('it is not JSON');
    if (error instanceof Error && 'errno' in error) throw unusableKeys(explainReading(error).reason);
    throw error;
  }
}

/** The message in a line of mosquitto_sub, with or without its topic (`-v`). Undefined for an empty line. */
export function messageFromLine(line: string): string | undefined {
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

/** Empty input is an error, so that it cannot be mistaken for a successful check. */
function noMessages() {
  return badInput('messages-missing', 'the input contains no messages', {
    remedy: "Give the output of 'mosquitto_sub -v', one message per line.",
  });
}

async function verify(source: string, options: VerifyOptions): Promise<boolean> {
  const checker = new MessageChecker(await keysFrom(options));
  const input = source === '-' ? process.stdin : createReadStream(source);
  const isJson = options.json === true;
  const printText = (text: string): void => void process.stdout.write(`${text}\n`);
  let isAllGood = true;
  let isEmpty = true;
  let number = 0;
  for await (const line of createInterface({ input })) {
    number += 1;
    const text = messageFromLine(line);
    if (text === undefined) continue;
    isEmpty = false;
    const message = await checker.check(text);
    isAllGood &&= isGood(message);
    if (isJson) printLine({ line: number, isGood: isGood(message), ...message });
    else printText(describeMessage(number, message));
  }
  if (isEmpty) throw noMessages();
  for (const [box, summary] of checker.summary()) {
    isAllGood &&= summary.missing.length === 0;
    if (isJson) printLine({ source: box, ...summary });
    else printText(describeSummary(box, summary));
  }
  return isAllGood;
}

/** An error of opening or reading the file. A folder opens without an error and fails on reading. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && ['open', 'read'].includes(String(error.syscall));
}

export function registerVerify(events: Command): void {
  withCommonOptions(events.command('verify'))
    .argument(
      '[file]',
      'messages from a broker, one per line, with or without topics; "-" reads standard input',
      '-',
    )
    .option('--keys <file>', 'JWK set to verify with; default: the keys of the running box')
    .description(
      'check messages: which are signed by the box, repeated or contradict another; which are missing; exit code 1 if one is not good or missing',
    )
    .action((source: string, options: VerifyOptions) =>
      runAction(options.json === true, async () => {
        try {
          return (await verify(source, options)) ? exitCodes.done : exitCodes.failed;
        } catch (error) {
          if (!isFileError(error)) throw error;
          const { reason } = explainReading(error);
          throw badInput('messages-unreadable', `the messages in ${source} cannot be read: ${reason}`, {
            remedy: 'Give the path of a file with one message a line, or "-".',
            cause: error,
          });
        }
      }),
    );
}
