import { type Command, Option } from 'commander';
import type { SiteClock } from '../../contract/command-line.js';
import type { RotatedIdentity, ShownIdentity } from '../../contract/identity.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { showAnswer } from '../show-answer.js';

interface ShowOptions extends CommonOptions {
  readonly jwks?: boolean;
  readonly keySet?: boolean;
}

interface RotateOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function registerIdentity(program: Command): void {
  const identity = program.command('identity').description('the key with which this box signs its events');
  registerShow(identity);
  registerRotate(identity);
}

function registerShow(identity: Command): void {
  withCommonOptions(identity.command('show'))
    .addOption(new Option('--jwks', 'print the keys as a JWK set (RFC 7517)').conflicts(['json', 'keySet']))
    .addOption(new Option('--key-set', 'print the signed key set exactly as published').conflicts('json'))
    .description('show the current key, to compare it with the key at the centre, and former keys')
    .action((options: ShowOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const shown = await client.call('identity.show');
        if (options.keySet === true) process.stdout.write(shown.keySet);
        else if (options.jwks === true) print(true, shown.jwks, () => '');
        else print(options.json === true, shown, () => describeIdentity(shown, time));
        return exitCodes.done;
      }),
    );
}

function registerRotate(identity: Command): void {
  withCommonOptions(identity.command('rotate'))
    .option('-y, --yes', 'do not ask for confirmation')
    .description('give the box a new key; the former key endorses it and stays published for some time')
    .action((options: RotateOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const { fingerprint } = await client.call('identity.show');
          await confirm(
            `The box will sign with a new key instead of ${fingerprint}. Centres that do not follow its key set will refuse its events.`,
            options.yes,
          );
          return await client.call('identity.rotate');
        },
        describeRotatedIdentity,
      ),
    );
}

/** The keys of the box, for comparison with those at a centre. */
function describeIdentity(
  { site, box, keyId, fingerprint, since, former, gateCertificate }: ShownIdentity,
  { show }: SiteClock,
): string {
  const lines = [
    `${site}/${box} signs with the key ${keyId} since ${show(since)}`,
    `fingerprint: ${fingerprint}`,
    ...(gateCertificate === undefined
      ? []
      : [
          `certificate for HTTPS, until ${show(gateCertificate.notAfter)}: SHA-256 ${gateCertificate.fingerprint}`,
        ]),
  ];
  if (former.length === 0) return lines.join('\n');
  const rows = former.map((key) => [
    key.fingerprint,
    show(key.since),
    show(key.until),
    key.isEndorsing ? 'yes' : 'no',
    key.keyId,
  ]);
  const heading = ['former fingerprint', 'since', 'published until', 'endorses the next key', 'key'];
  return [...lines, '', table(heading, rows)].join('\n');
}

/** The result of a rotation. */
function describeRotatedIdentity({ note, ...identity }: RotatedIdentity, clock: SiteClock): string {
  const text = describeIdentity(identity, clock);
  return note === undefined ? text : `${text}\n\nnote: ${note}`;
}
