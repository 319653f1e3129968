import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { SiteClock } from '../../contract/command-line.js';
import { type CommandScope, commandScopes } from '../../contract/command-scopes.js';
import type { TrustStatus } from '../../contract/trust.js';
import { notFound } from '../../core/api/not-found.js';
import { explainReading } from '../../host/file-access.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { showAnswer } from '../show-answer.js';
import { type ShowTime, timeForms } from '../site-time.js';

interface AddOptions extends CommonOptions {
  readonly key: string;
  readonly scope: readonly CommandScope[];
  readonly until?: string;
}

interface RemoveOptions extends CommonOptions {
  readonly key?: string;
  readonly yes?: boolean;
}

export function registerTrust(program: Command): void {
  const trust = program.command('trust').description('the issuers whose MQTT commands the box executes');
  withCommonOptions(trust.command('list'))
    .description('list the keys of issuers with their scopes, and count commands since the start')
    .action((options: CommonOptions) =>
      showAnswer(options, ({ client }) => client.call('trust.list'), describeTrust),
    );
  registerAdd(trust);
  registerRemove(trust);
  registerDismiss(trust);
}

function registerAdd(trust: Command): void {
  withCommonOptions(trust.command('add'))
    .argument('<issuer>', 'name of the issuer, for example a centre: the claim "iss" of its commands')
    .requiredOption('--key <file>', 'public key of the issuer: a JWK, or PEM; Ed25519 or P-256')
    .addOption(
      new Option('--scope <scope...>', 'what the issuer may do').choices(commandScopes).makeOptionMandatory(),
    )
    .option('--until <time>', `end of the trust; a day is included: +90d for 90 days from now, ${timeForms}`)
    .description('trust a key of an issuer; an issuer may have several keys, for a change of keys')
    .action((issuer: string, options: AddOptions) =>
      showAnswer(
        options,
        async ({ client, time }) => {
          const key = await readKey(options.key);
          const { scope: scopes, until } = options;
          const notAfterMs = until === undefined ? undefined : time.readTo(until);
          return await client.call('trust.add', { issuer, key, scopes: [...scopes], notAfterMs });
        },
        (added) =>
          `${added.issuer}: key ${added.keyId} (${added.algorithm}) may use ${added.scopes.join(', ')}`,
      ),
    );
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw badInput(
      'issuer-key-unreadable',
      `the key cannot be read from ${path}: ${explainReading(error).reason}`,
      {
        remedy: 'Give the path of a file with the public key.',
        cause: error,
      },
    );
  }
}

/** Checks that the issuer and the key exist, before asking for confirmation. @throws `no-such-issuer`, `no-such-key` (input) */
export function assertTrusted(
  { keys }: Pick<TrustStatus, 'keys'>,
  issuer: string,
  key: string | undefined,
): void {
  const ofIssuer = keys.filter((one) => one.issuer === issuer);
  const list = 'rollcall trust list';
  if (ofIssuer.length === 0) throw notFound('issuer', issuer, list);
  if (key !== undefined && ofIssuer.every(({ keyId }) => keyId !== key)) throw notFound('key', key, list);
}

function registerRemove(trust: Command): void {
  withCommonOptions(trust.command('remove'))
    .argument('<issuer>', "name of the issuer, as in 'rollcall trust list'")
    .option('--key <id>', 'only this key of the issuer')
    .option('-y, --yes', 'do not ask for confirmation')
    .description('stop trusting an issuer, or one of its keys')
    .action((issuer: string, options: RemoveOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const { key, yes } = options;
          assertTrusted(await client.call('trust.list'), issuer, key);
          const what = key === undefined ? issuer : `the key ${key} of ${issuer}`;
          await confirm(`The box will no longer execute commands of ${what}.`, yes);
          return await client.call('trust.remove', { issuer, key });
        },
        ({ removed }) => `${counted(removed, 'key')} removed`,
      ),
    );
}

function registerDismiss(trust: Command): void {
  withCommonOptions(trust.command('dismiss'))
    .option('-y, --yes', 'do not ask for confirmation')
    .description(
      'delete the untrusted entries that the box found in its trust list, after you have checked them',
    )
    .action((options: CommonOptions & { readonly yes?: boolean }) =>
      showAnswer(
        options,
        async ({ client }) => {
          const { aside } = await client.call('trust.list');
          const entries = counted(aside.length, 'untrusted entry', 'untrusted entries');
          if (aside.length > 0)
            await confirm(`This deletes ${entries} of 'rollcall trust list'.`, options.yes);
          return await client.call('trust.dismiss');
        },
        ({ dismissed }) => `${counted(dismissed, 'entry', 'entries')} deleted`,
      ),
    );
}

/** The trusted keys, untrusted entries, and counts of commands. */
function describeTrust({ keys, aside, commands }: TrustStatus, { show }: SiteClock): string {
  const rows = keys.map(({ issuer, keyId, algorithm, scopes, notAfter, isExpired }) => [
    issuer,
    keyId,
    algorithm,
    `${notAfter == null ? '-' : show(notAfter)}${isExpired ? ' (expired)' : ''}`,
    scopes.join(' '),
  ]);
  const list =
    keys.length === 0
      ? 'The box trusts no issuer and executes no commands over MQTT.'
      : table(['issuer', 'key', 'algorithm', 'until', 'scopes'], rows);
  const { accepted, executed, repeated, waiting, refused } = commands;
  const refusals = Object.entries(refused).map(([code, count]) => `${code} ${count}`);
  return [
    list,
    ...asideText(aside, show),
    `commands since the start: ${accepted} accepted, ${executed} executed, ${repeated} repeated, ${waiting} waiting`,
    `refused: ${refusals.length === 0 ? 'none' : refusals.join(', ')}`,
  ].join('\n');
}

const reasons: Readonly<Record<string, string>> = {
  'not-sealed': 'not written by this program',
  'other-box': 'from another box',
  'put-back': 'replayed from an earlier time',
  missing: 'the audit log has entries that are missing here',
  unfinished: 'the newest change is only in the audit log',
  'log-older': 'the audit log is older than the records',
  'log-broken': 'the audit log was altered',
};

function asideText(aside: TrustStatus['aside'], show: ShowTime): readonly string[] {
  if (aside.length === 0) return [];
  const rows = aside.map(({ reason, kind = '-', id = '-', at }) => [
    show(at),
    kind,
    id,
    reasons[reason] ?? reason,
  ]);
  return [
    '',
    "Untrusted entries, which the box ignores. Find out who can write to records.db, then run 'rollcall trust dismiss':",
    table(['found at', 'kind', 'id', 'why'], rows),
    '',
  ];
}
