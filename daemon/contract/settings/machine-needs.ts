import { dirname } from 'node:path';
import { type Said, type SaidValues, said } from '../../kernel/said.js';
import type { Config } from './schema.js';

/** A secret that the configuration names, and its form. */
export interface NamedSecret {
  /** What uses it, such as `camera door`. */
  readonly use: Said;
  readonly name: string;
  readonly form: 'user-password' | 'certificate' | 'any';
  /** Of a certificate: who shows it. */
  readonly whose?: 'client' | 'gate';
}

type Secrets = Pick<Config, 'cameras' | 'mqtt' | 'liveness' | 'alerts' | 'ownChannels' | 'gate'> & {
  readonly gallery: Pick<Config['gallery'], 'key'>;
};

const use = (key: string, values?: SaidValues): Said => said(`doctor/use-${key}`, values);

export const galleryKeyUse = use('gallery');

/** All secrets that the configuration names, the key of the gallery first. */
export function namedSecrets({
  gallery,
  cameras,
  mqtt,
  liveness,
  alerts,
  ownChannels,
  gate,
}: Secrets): readonly NamedSecret[] {
  const named = (
    useOf: Said,
    name: string | undefined,
    form: NamedSecret['form'],
    whose?: 'client' | 'gate',
  ): readonly NamedSecret[] =>
    name === undefined ? [] : [{ use: useOf, name, form, ...(whose && { whose }) }];
  const own = new Set(ownChannels.map(({ id }) => id));
  const isConfigured = ({ id }: { readonly id: string }): boolean => !own.has(id);
  return [
    ...named(galleryKeyUse, gallery.key, 'any'),
    // The box keeps the logins of its own cameras and the secrets of its own channels itself.
    ...cameras
      .filter(({ isOwn }) => isOwn !== true)
      .flatMap(({ id, credential }) => named(use('camera', { camera: id }), credential, 'user-password')),
    ...named(use('broker'), mqtt?.credential, 'user-password'),
    ...named(use('client-certificate'), mqtt?.clientCertificate, 'certificate', 'client'),
    ...named(use('gate-certificate'), gate.certificate, 'certificate', 'gate'),
    ...named(use('prompt-webhook'), liveness.promptWebhook?.secret, 'any'),
    ...alerts.webhooks
      .filter(isConfigured)
      .flatMap(({ id, secret }) => named(use('webhook', { webhook: id }), secret, 'any')),
    ...alerts.emails
      .filter(isConfigured)
      .flatMap(({ id, credential }) => named(use('email', { email: id }), credential, 'user-password')),
    ...[...alerts.ntfy, ...alerts.telegram]
      .filter(isConfigured)
      .flatMap(({ id, credential }) => named(use('channel', { channel: id }), credential, 'any')),
    ...alerts.sms
      .filter(isConfigured)
      .flatMap(({ id, credential }) => named(use('channel', { channel: id }), credential, 'user-password')),
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
