import { dirname } from 'node:path';
import type { Config } from './schema.js';

/** A secret that the configuration names, and its form. */
export interface NamedSecret {
  /** What uses it, such as `camera door`. */
  readonly what: string;
  readonly name: string;
  readonly form: 'user-password' | 'certificate' | 'any';
  /** Of a certificate: who shows it. */
  readonly whose?: 'client' | 'gate';
}

type Secrets = Pick<Config, 'cameras' | 'mqtt' | 'liveness' | 'alerts' | 'gate'> & {
  readonly gallery: Pick<Config['gallery'], 'key'>;
};

export const galleryKeyUse = 'the gallery';

/** All secrets that the configuration names, the key of the gallery first. */
export function namedSecrets({
  gallery,
  cameras,
  mqtt,
  liveness,
  alerts,
  gate,
}: Secrets): readonly NamedSecret[] {
  const named = (
    what: string,
    name: string | undefined,
    form: NamedSecret['form'],
    whose?: 'client' | 'gate',
  ): readonly NamedSecret[] => (name === undefined ? [] : [{ what, name, form, ...(whose && { whose }) }]);
  return [
    ...named(galleryKeyUse, gallery.key, 'any'),
    // The box keeps the logins of its own cameras itself.
    ...cameras
      .filter(({ isOwn }) => isOwn !== true)
      .flatMap(({ id, credential }) => named(`camera ${id}`, credential, 'user-password')),
    ...named('broker', mqtt?.credential, 'user-password'),
    ...named('the client certificate', mqtt?.clientCertificate, 'certificate', 'client'),
    ...named('the certificate of the gate', gate.certificate, 'certificate', 'gate'),
    ...named('webhook for prompts', liveness.promptWebhook?.secret, 'any'),
    ...alerts.webhooks.flatMap(({ id, secret }) => named(`webhook ${id}`, secret, 'any')),
    ...alerts.emails.flatMap(({ id, credential }) => named(`e-mail ${id}`, credential, 'user-password')),
  ];
}

/** The directories that the box must be able to write, by their use. */
export function dataDirectories({
  dataDir,
  gallery,
  records,
}: Pick<Config, 'dataDir' | 'gallery' | 'records'>): Readonly<Record<string, string>> {
  return { data: dataDir, gallery: dirname(gallery.path), records: dirname(records.path) };
}
