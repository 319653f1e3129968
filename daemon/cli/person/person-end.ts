import type { Command } from 'commander';
import { isRollcallError, type RollcallError } from '../../base/errors.js';
import { noSuch } from '../../control/no-such.js';
import type { PersonClient } from '../../control/person-client.js';
import type { ErasureCertificate, RestoreResult } from '../../control/person-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { createPrivateFile } from '../private-file.js';
import { describeCertificate } from './person-text.js';
import { personForms, whichPerson } from './which-person.js';

interface RemoveOptions extends CommonOptions {
  readonly yes?: boolean;
}

interface EraseOptions extends RemoveOptions {
  readonly certificate?: string;
}

export function registerEndings(person: Command): void {
  withCommonOptions(person.command('remove'))
    .argument('<person>', personForms)
    .option('-y, --yes', 'do not ask')
    .description(
      "stop recognising a person, at once; asks first; everything stays sealed until retention erases it: 'restore' undoes it until then",
    )
    .action((given: string, options: RemoveOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { persons } = client;
        const id = await whichPerson(persons, { given, state: 'active', show: time.show });
        if (options.yes !== true) {
          const { name } = await persons.show(id);
          await confirm(
            `This stops recognising ${name} (${id}). 'rollcall person restore' undoes it.`,
            false,
          );
        }
        const result = await persons.remove(id);
        print(options.json === true, result, () => `removed ${id}`);
        return exitCodes.done;
      }),
    );
  withCommonOptions(person.command('restore'))
    .argument('<person>', personForms)
    .description('recognise a removed person again')
    .action((given: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const id = await whichPerson(client.persons, { given, state: 'removed', show: time.show });
        const result = await client.persons.restore(id);
        if (result.outcome === 'no-such-person') throw noSuch('person', id, 'rollcall person list --removed');
        print(options.json === true, result, () => describeRestore(id, result));
        return result.outcome === 'restored' ? exitCodes.done : exitCodes.failed;
      }),
    );
  withErasure(person.command('erase'), {
    description: 'erase a person with everything held on them, for good; asks first',
    question: (who) => `This erases ${who} with everything held on them. Nothing brings it back.`,
    erase: (persons, id) => persons.erase(id),
  });
  withErasure(person.command('withdraw'), {
    description:
      'record that consent was withdrawn: erases templates, photographs and evidence pictures for good, keeps the profile as proof; asks first',
    question: (who) =>
      `This records that ${who} withdrew consent, and erases all their biometric data. Nothing brings it back.`,
    erase: (persons, id) => persons.withdrawConsent(id),
  });
}

/** An erasure: what is asked, and what is done then. */
interface Erasure {
  readonly description: string;
  readonly question: (who: string) => string;
  readonly erase: (persons: PersonClient, id: string) => Promise<ErasureCertificate>;
}

function withErasure(command: Command, { description, question, erase }: Erasure): void {
  withCommonOptions(command)
    .argument('<person>', personForms)
    .option('-y, --yes', 'do not ask')
    .option('--certificate <file>', 'write the certificate of erasure into this new file, as JSON')
    .description(description)
    .action((given: string, options: EraseOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { persons } = client;
        const id = await whichPerson(persons, { given, show: time.show });
        const { name } = await persons.show(id);
        await confirm(question(`${name} (${id})`), options.yes);
        // The file is made before the erasure: afterwards it would be too late to find that it cannot be.
        await using file =
          options.certificate === undefined ? undefined : await createPrivateFile(options.certificate);
        const { certificate, problem } = await eraseAnyhow(() => erase(persons, id));
        await file?.write(Buffer.from(`${JSON.stringify(certificate, null, 2)}\n`));
        await file?.keep();
        if (problem === undefined || options.json !== true) {
          print(options.json === true, certificate, () => describeCertificate(certificate, time.show));
        }
        if (problem !== undefined) throw problem;
        return exitCodes.done;
      }),
    );
}

/** What was erased is certified, also where the log still holds it: with the problem then. */
async function eraseAnyhow(
  erase: () => Promise<ErasureCertificate>,
): Promise<{ readonly certificate: ErasureCertificate; readonly problem?: RollcallError }> {
  try {
    return { certificate: await erase() };
  } catch (error) {
    if (!isRollcallError(error, 'erasure-incomplete')) throw error;
    const { certificate } = error.details as { readonly certificate?: ErasureCertificate };
    if (certificate === undefined) throw error;
    return { certificate, problem: error };
  }
}

function describeRestore(id: string, { outcome }: RestoreResult): string {
  switch (outcome) {
    case 'restored':
      return `${id} is recognised again`;
    case 'consent-withdrawn':
      return `${id} withdrew consent: there is nothing left to recognise them by\n  what to do: enrol them anew, with a new consent`;
    case 'not-removed':
      return `${id} is not removed`;
    case 'no-such-person':
      return `there is no person with id '${id}'`;
  }
}
