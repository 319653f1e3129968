import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadConfig } from '../../contract/settings/load.js';
import { refuseSecondDaemon } from '../../core/api/server.js';
import { makeRebuildDirectory, placeBox, refuseBoxInUse } from '../../core/backups/place-box.js';
import { type RebuiltBox, rebuildBox } from '../../core/backups/rebuild-box.js';
import type { Unlock } from '../../core/backups/recipient.js';
import { fingerprintOf } from '../../core/identity/public-key.js';
import { type ExitCode, exitCodes, print } from '../../host/output.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { silentLogger } from '../../kernel/logger.js';
import type { CommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { invalidConfig } from '../daemon-client.js';
import { withProgress } from '../progress.js';
import { siteTimeOf } from '../site-time.js';
import { openSecret, type SecretOptions, wipeSecret } from './backup-secret.js';
import { progressOf } from './backup-text.js';

export interface ReplaceOptions extends CommonOptions, SecretOptions {
  readonly fingerprint?: string;
  readonly yes?: boolean;
}

/**
 * Turns this new box into the one of a backup. Runs without the daemon, as the owner of the folders of the box: root on an installed
 * one.
 */
export async function replaceBox(file: string, options: ReplaceOptions): Promise<ExitCode> {
  const path = resolve(file);
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) throw invalidConfig(options.config, loaded.problems);
  const { dataDir, secretsDir, gallery, control, site } = loaded.config;
  await refuseSecondDaemon(control.socketPath);
  const places = { configPath: resolve(options.config), dataDir, secretsDir, galleryPath: gallery.path };
  refuseBoxInUse(places);
  const secret = await openSecret(path, options);
  const directory = await makeRebuildDirectory(places);
  try {
    const { show } = siteTimeOf(site.timeZone);
    const rebuilt = await rebuild(path, { secret, directory, options });
    const { manifest } = rebuilt.facts;
    const fingerprint = fingerprintOf(rebuilt.formerKeyId);
    refuseOtherBox(options.fingerprint, fingerprint);
    await confirm(
      [
        `This turns this machine into the box ${manifest.box} of ${manifest.site}, as of ${show(manifest.createdAt)}.`,
        `That box signed with the key ${fingerprint}. Compare it with the one that your centre has pinned: only a box that has this key can have made the backup.`,
        'Its configuration, accounts, secrets, and data take the place of those here. Switch the former box off first: its key ends now.',
      ].join('\n'),
      options.yes,
    );
    const placed = await placeBox(directory, places, clock.wallMs());
    const answer = { ...answerOf(rebuilt), ...placed };
    print(options.json === true, answer, () => describe(answer, show));
    return exitCodes.done;
  } finally {
    wipeSecret(secret);
    // It has secrets.
    await rm(directory, { recursive: true, force: true });
  }
}

interface Rebuilding {
  readonly secret: Unlock;
  readonly directory: string;
  readonly options: CommonOptions;
}

/** Builds the box of a backup in a directory. The folders of the machine come from the configuration file. */
export async function rebuild(
  path: string,
  { secret: unlock, directory, options }: Rebuilding,
): Promise<RebuiltBox> {
  const machine = await readFile(options.config, 'utf8').catch(() => '');
  const by = { actor: `uid:${process.getuid?.() ?? 0}`, origin: 'restore of a box' };
  const watching = { title: 'rebuilding the box, MiB', isJson: options.json === true };
  return withProgress(watching, (progress) =>
    rebuildBox({
      ...{ path, unlock, directory, machine, by, clock, random, logger: silentLogger },
      onProgress: (at) => {
        const { done, total, step } = progressOf(at);
        progress.update(done, total, step);
      },
    }),
  );
}

/** @throws `fingerprint-differs` */
function refuseOtherBox(given: string | undefined, found: string): void {
  const plain = (text: string): string => text.replaceAll(/[\s:]/g, '').toLowerCase();
  if (given === undefined || plain(given) === plain(found)) return;
  throw badInput('fingerprint-differs', `the box in the backup signed with the key ${found}`, {
    remedy:
      'Give the fingerprint of the key that your centre has pinned for the former box. If this is not it, another box made the backup, or someone forged it: do not restore it.',
  });
}

function answerOf({ facts, gallery, config, ...rebuilt }: RebuiltBox) {
  const { createdAt, sections: _, ...about } = facts.manifest;
  return {
    backup: { path: facts.path, sha256: facts.sha256, createdAt, ...about },
    persons: gallery.persons,
    templates: gallery.templates,
    damagedKeys: gallery.damagedKeys,
    ...rebuilt,
    fingerprint: fingerprintOf(rebuilt.keyId),
    formerFingerprint: fingerprintOf(rebuilt.formerKeyId),
    hasBroker: config.mqtt !== undefined,
  };
}

type Answer = ReturnType<typeof answerOf> & Awaited<ReturnType<typeof placeBox>>;

function describe(answer: Answer, show: (time: string) => string): string {
  const { backup, persons, templates, keptAs, credentials, nextSequence } = answer;
  const madeAt = show(backup.createdAt);
  return [
    `This machine is now ${backup.box} of ${backup.site}, as of ${madeAt}: ${counted(persons, 'person')} with ${counted(templates, 'template')}.`,
    `  key        ${answer.fingerprint}, endorsed by ${answer.formerFingerprint}, which has ended`,
    `  events     continue with number ${nextSequence}`,
    `  sessions   ${counted(answer.sessions, 'session')} ended; everyone logs in again`,
    ...(credentials.length === 0
      ? []
      : [`  systemd    ${credentials.join(', ')}: encrypted for this machine`]),
    ...(keptAs === undefined
      ? []
      : [`  before     the former data of this machine is in ${keptAs}; delete it`]),
    '',
    'Now do this:',
    `1. Start it: systemctl start rollcalld. On an installed machine, run rollcall-setup, which moves its keys into credentials of systemd.`,
    ...(answer.hasBroker
      ? ['2. Change the login of the box at the broker, so that the former box cannot connect any more.']
      : []),
    `This box does not know what was changed after ${madeAt}. Erase persons again who were erased or withdrew consent since; remove accounts, API keys, and trusted issuers again that were removed since.`,
  ].join('\n');
}
