import type { Command } from 'commander';
import { personForms } from '../../contract/command-line.js';
import { type ErasureCertificate, erasureCertificate } from '../../contract/persons.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { createPrivateFile } from '../../host/private-file.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { describeCertificate } from '../person-text.js';
import { showAnswer } from '../show-answer.js';
import { whichPerson } from './which-person.js';

interface RemoveOptions extends CommonOptions {
  readonly yes?: boolean;
}

interface EraseOptions extends RemoveOptions {
  readonly certificate?: string;
}

export function registerRemovals(person: Command): void {
  withCommonOptions(person.command('remove'))
    .argument('<person>', personForms)
    .option('-y, --yes', 'do not ask for confirmation')
    .description(
      "stop recognising a person immediately; the data stay until retention erases them, and until then 'rollcall person restore' undoes the removal",
    )
    .action((given: string, options: RemoveOptions) =>
      showAnswer(
        options,
        async ({ client, time }) => {
          const id = await whichPerson(client, { given, state: 'active', show: time.show });
          if (options.yes !== true) {
            const { name } = await client.call('persons.show', { id });
            await confirm(
              `This stops recognising ${name} (${id}). 'rollcall person restore' undoes it.`,
              false,
            );
          }
          return await client.call('persons.remove', { id });
        },
        ({ removed }) => `removed ${removed}`,
      ),
    );
  registerErasure(person.command('erase'), {
    description: 'permanently erase a person and all their data',
    question: (who) => `This erases ${who} and all their data. It cannot be undone.`,
    erase: (client, id) => client.call('persons.erase', { id }),
  });
  registerErasure(person.command('withdraw'), {
    description:
      'record that a person withdrew consent: permanently erase their templates, photos, and evidence images, and keep the profile as proof',
    question: (who) =>
      `This records that ${who} withdrew consent, and erases all their biometric data. It cannot be undone.`,
    erase: (client, id) => client.call('persons.withdraw-consent', { id }),
  });
}

/** A command that erases data of a person. */
interface Erasure {
  readonly description: string;
  readonly question: (who: string) => string;
  readonly erase: (client: ControlClient, id: string) => Promise<ErasureCertificate>;
}

function registerErasure(command: Command, { description, question, erase }: Erasure): void {
  withCommonOptions(command)
    .argument('<person>', personForms)
    .option('-y, --yes', 'do not ask for confirmation')
    .option('--certificate <file>', 'write the certificate of erasure to this new file, as JSON')
    .description(description)
    .action((given: string, options: EraseOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const id = await whichPerson(client, { given, show: time.show });
        const { name } = await client.call('persons.show', { id });
        await confirm(question(`${name} (${id})`), options.yes);
        // Created before the erasure, so that an unwritable path is found in time.
        await using file =
          options.certificate === undefined ? undefined : await createPrivateFile(options.certificate);
        const { certificate, problem } = await eraseWithCertificate(() => erase(client, id));
        await file?.keep(Buffer.from(`${JSON.stringify(certificate, null, 2)}\n`));
        if (problem === undefined || options.json !== true) {
          print(options.json === true, certificate, () => describeCertificate(certificate, time));
        }
        if (problem !== undefined) throw problem;
        return exitCodes.done;
      }),
    );
}

/** Returns the certificate even if the erasure is incomplete; then also the problem. */
async function eraseWithCertificate(
  erase: () => Promise<ErasureCertificate>,
): Promise<{ readonly certificate: ErasureCertificate; readonly problem?: RollcallError }> {
  try {
    return { certificate: await erase() };
  } catch (error) {
    if (!isRollcallError(error, 'erasure-incomplete')) throw error;
    const certificate = erasureCertificate.safeParse(error.details['certificate']);
    if (!certificate.success) throw error;
    return { certificate: certificate.data, problem: error };
  }
}
