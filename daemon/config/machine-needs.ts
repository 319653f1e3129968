import { dirname } from 'node:path';
import type { Config } from './schema.js';

/** A secret that a configuration names, and the form that it must have. */
export interface NamedSecret {
  /** What it is for: `camera door`. */
  readonly what: string;
  readonly name: string;
  readonly form: 'user-password' | 'client-certificate' | 'any';
}

type Secrets = Pick<Config, 'cameras' | 'mqtt' | 'liveness' | 'alerts'> & {
  readonly gallery: Pick<Config['gallery'], 'key'>;
};

export const galleryKeyUse = 'the gallery';
export const clientCertificateUse = 'the client certificate';

/** Every secret that the configuration names, the gallery's key first. */
export function namedSecrets({ gallery, cameras, mqtt, liveness, alerts }: Secrets): readonly NamedSecret[] {
  const named = (
    what: string,
    name: string | undefined,
    form: NamedSecret['form'],
  ): readonly NamedSecret[] => (name === undefined ? [] : [{ what, name, form }]);
  return [
    ...named(galleryKeyUse, gallery.key, 'any'),
    ...cameras.flatMap(({ id, credential }) => named(`camera ${id}`, credential, 'user-password')),
    ...named('broker', mqtt?.credential, 'user-password'),
    ...named(clientCertificateUse, mqtt?.clientCertificate, 'client-certificate'),
    ...named('webhook for prompts', liveness.promptWebhook?.secret, 'any'),
    ...alerts.webhooks.flatMap(({ id, secret }) => named(`webhook ${id}`, secret, 'any')),
    ...alerts.emails.flatMap(({ id, credential }) => named(`e-mail ${id}`, credential, 'user-password')),
  ];
}

/** Where the box keeps what it must be able to write, by what is kept there. */
export function dataDirectories({
  dataDir,
  gallery,
  records,
}: Pick<Config, 'dataDir' | 'gallery' | 'records'>): Readonly<Record<string, string>> {
  return { data: dataDir, gallery: dirname(gallery.path), records: dirname(records.path) };
}
