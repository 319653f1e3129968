import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { alertChannelOperations, ChannelDetails } from '../../contract/alert-channels.js';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { HandlerInput } from '../../contract/operation.js';
import { channelFiles, channelFileText, channelProblems } from '../../contract/settings/channel-files.js';
import type { ConfigProblem } from '../../contract/settings/config-problem.js';
import type { LoadedConfig, LoadOptions } from '../../contract/settings/load.js';
import type { OwnChannel } from '../../contract/settings/own-channel.js';
import { ownFilePath } from '../../contract/settings/own-files.js';
import { formatProblem } from '../../contract/settings/problem.js';
import type { Config } from '../../contract/settings/schema.js';
import { parseUserPassword } from '../../host/user-password-secret.js';
import { actorOf, daemonAtStart } from '../../kernel/actor.js';
import { pushHosts } from '../../kernel/alerts/push-host.js';
import { isRollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { type StatedSet, stateDetail } from '../../kernel/stated-set.js';
import { isReachable } from '../../vision/ingest/reachable-address.js';
import { failure, refusal } from '../../words/errors.js';
import { longestWord, type NewAuditEntry } from '../audit/audit-entry.js';
import { whereThereIsALog } from '../audit/audit-keeper.js';
import { FileChanges, type FileChangesOptions } from '../settings/file-changes.js';
import { openChannelSeal, sealChannel } from './channel-seal.js';
import { channelsOf } from './open-channel.js';
import { isHeaderText } from './secret-text.js';
import { smallestSecretBytes } from './webhook.js';

/** Most channels that the box keeps itself. */
export const mostOwnChannels = 32;

/** A channel, by what is new with each change of its file. */
export type ChannelVersion = Pick<OwnChannel, 'id' | 'sealed'>;

/** Which version of each alert channel of the box counts: someone who can write its data cannot put an earlier file back. */
export interface ChannelVersions {
  isLatest(channel: ChannelVersion): boolean;
  /**
   * The channel that counts from now on; without `sealed`, none does. `alongside` writes the audit entry, with the state of all
   * grants, in the same transaction.
   */
  set(
    channel: Pick<ChannelVersion, 'id'> & Partial<ChannelVersion>,
    alongside: (state: StatedSet) => void,
  ): void;
  /** Accepts the channels of an earlier version of the program, once in the life of a box; `alongside` as above. */
  adopt(channels: readonly ChannelVersion[], alongside: (state: StatedSet) => void): void;
}

export interface OwnChannelsOptions extends FileChangesOptions {
  /** The configuration in force. */
  readonly current: () => Config;
  /** Loads what the files would make of the configuration. */
  readonly load: (options: LoadOptions) => Promise<LoadedConfig>;
  readonly versions: ChannelVersions;
}

type Input<Id extends keyof typeof alertChannelOperations> = HandlerInput<
  (typeof alertChannelOperations)[Id]
>;
type Given = Pick<Input<'alerts.create-channel'>, 'kind' | 'settings'>;

/**
 * The alert channels that the box keeps itself: one file each, made and changed over the API. A change is checked together with the
 * whole configuration before it is written, and taken back if it cannot be put in force.
 */
export class OwnChannels {
  readonly #options: OwnChannelsOptions;
  readonly #changes: FileChanges;
  /** The channels that were not as they were saved last when `findAltered` looked. */
  #altered: ReadonlySet<string> = new Set();
  readonly #turns = new SerialQueue();

  constructor(options: OwnChannelsOptions) {
    this.#options = options;
    this.#changes = new FileChanges(options, ({ subject: id = '', ...entry }, text) => {
      const sealed = text === undefined ? undefined : (JSON.parse(text) as OwnChannel).sealed;
      this.#options.versions.set({ id, ...present({ sealed }) }, (state) =>
        options.audit.append({ ...entry, subject: id, details: { ...entry.details, ...stateDetail(state) } }),
      );
    });
  }

  /** Completes what a kill has interrupted, and accepts the channels of an earlier version of the program. */
  async open(): Promise<this> {
    const { current, versions, audit } = this.#options;
    const { dataDir, ownChannels } = current();
    await this.#changes.settle(join(dataDir, channelFiles.folder), channelFiles.ending);
    await whereThereIsALog(() => {
      // Without the log, nothing was compared with it: what is missing may have been removed.
      audit.newest();
      versions.adopt(ownChannels, (state) =>
        audit.append({ by: daemonAtStart, action: 'trust.stated', details: stateDetail(state) }),
      );
    });
    return this;
  }

  /** Looks for channels that are not as they were saved last. Waits for a change that is being made. */
  findAltered(): Promise<readonly string[]> {
    return this.#turns.run(async () => {
      const altered: string[] = [];
      for (const channel of this.#options.current().ownChannels) {
        if (!(await this.#isAsSaved(channel))) altered.push(channel.id);
      }
      this.#altered = new Set(altered);
      return altered;
    });
  }

  async #isAsSaved(channel: OwnChannel): Promise<boolean> {
    try {
      (await openChannelSeal(channel, this.#options.versions.isLatest, this.#places)).fill(0);
      return true;
    } catch (error) {
      if (isRollcallError(error, 'channel-altered')) return false;
      throw error;
    }
  }

  /** All channels with their settings, those of the configuration file without what may be secret in an address. */
  list(): readonly ChannelDetails[] {
    const { alerts, ownChannels, unusableChannelFiles } = this.#options.current();
    const own = new Set(ownChannels.map(({ id }) => id));
    return [
      ...channelsOf(alerts)
        .filter(({ id }) => !own.has(id))
        .map(({ id, kind }) => ({ id, kind, isOwn: false })),
      ...ownChannels.map((channel) => ({
        ...shown(channel),
        ...(this.#altered.has(channel.id) ? { problem: 'the file is not the one that was saved last' } : {}),
      })),
      ...unusableChannelFiles.flatMap(({ id, problems }) =>
        id === undefined
          ? []
          : [{ id, isOwn: true, problem: problems.map(({ message }) => message).join('; ') }],
      ),
    ];
  }

  create(input: Input<'alerts.create-channel'>, caller: Caller): Promise<ChannelDetails> {
    return this.#turns.run(async () => {
      const { id } = input;
      const { alerts, ownChannels } = this.#options.current();
      // One whose file is damaged or lost is replaced: rules that name it keep it from being removed.
      if (channelsOf(alerts).some((each) => each.id === id)) throw refusal('channel-exists', { id });
      if (ownChannels.length >= mostOwnChannels)
        throw refusal('too-many-channels', { most: mostOwnChannels });
      const secret = this.#secretOf(input) ?? Buffer.alloc(0);
      return await this.#put(id, input, secret, { by: actorOf(caller), action: 'alert.channel-added' });
    });
  }

  change(input: Input<'alerts.change-channel'>, caller: Caller): Promise<ChannelDetails> {
    return this.#turns.run(async () => {
      const { id, ifRevision, forgetSecret } = input;
      const before = this.#own(id);
      if (ifRevision !== undefined && ifRevision !== revisionOf(before))
        throw refusal('changed-meanwhile:channel', { id }, { details: { revision: revisionOf(before) } });
      const given = this.#secretOf(input);
      const secret = given ?? (forgetSecret === true ? Buffer.alloc(0) : await this.#kept(before, input));
      return await this.#put(id, input, secret, { by: actorOf(caller), action: 'alert.channel-changed' });
    });
  }

  delete({ id }: Input<'alerts.delete-channel'>, caller: Caller): Promise<void> {
    return this.#turns.run(async () => {
      const { unusableChannelFiles } = this.#options.current();
      if (!unusableChannelFiles.some((file) => file.id === id)) this.#own(id);
      await this.#check(id, undefined);
      await this.#apply(id, undefined, { by: actorOf(caller), action: 'alert.channel-removed', subject: id });
    });
  }

  /** @throws `no-such-channel`, `channel-of-configuration` */
  #own(id: string): OwnChannel {
    const { alerts, ownChannels } = this.#options.current();
    const found = ownChannels.find((each) => each.id === id);
    if (found !== undefined) return found;
    const known = channelsOf(alerts).map((each) => each.id);
    if (known.includes(id)) throw refusal('channel-of-configuration', { id });
    throw refusal('no-such-channel', { channel: id, known: known.join(', ') });
  }

  /** The secret of the request, checked. */
  #secretOf({
    id,
    kind,
    secret,
  }: Pick<Input<'alerts.create-channel'>, 'id' | 'kind' | 'secret'>): Buffer | undefined {
    if (secret === undefined || secret.length === 0) return undefined;
    if (kind === 'webhook' && secret.length < smallestSecretBytes)
      throw refusal('webhook-secret-short', { id, name: 'secret' });
    if (!isHeaderText(secret.toString('utf8')) && kind !== 'webhook' && kind !== 'email')
      throw refusal('channel-secret-form', { server: `${kind} ${id}` });
    if ((kind === 'email' || kind === 'sms') && parseUserPassword(secret) === undefined)
      throw refusal('login-form');
    return secret;
  }

  /**
   * The stored secret, for a change that sends it to the same server.
   * @throws `channel-secret-needed`, `channel-altered`
   */
  async #kept(before: OwnChannel, after: Given): Promise<Buffer> {
    const secret = await openChannelSeal(before, this.#options.versions.isLatest, this.#places);
    const was = JSON.parse(before.settings) as Given['settings'];
    const isSameServer =
      before.kind === after.kind && serverSettings.every((name) => was[name] === after.settings[name]);
    if (secret.length > 0 && !isSameServer) throw refusal('channel-secret-needed', { id: before.id });
    return secret;
  }

  /** Checks and writes a channel file, and wipes the secret. */
  async #put(
    id: string,
    { kind, settings: given }: Given,
    secret: Buffer,
    entry: Omit<NewAuditEntry, 'subject' | 'details'>,
  ): Promise<ChannelDetails> {
    try {
      const settings = JSON.stringify({ ...given, ...secretName(kind, secret.length > 0) });
      const problems = channelProblems(kind, { ...(JSON.parse(settings) as object), id });
      if (problems.length > 0) throw refused(id, problems);
      const host = hostOf(kind, given);
      if (isIP(host) !== 0 && !isReachable(host, this.#options.current().api.channelNetworks))
        throw refusal('channel-address-refused', { host });
      const sealed = await sealChannel({ id, kind, settings }, secret, this.#places);
      const text = channelFileText({ kind, settings, sealed });
      await this.#check(id, text);
      const details = { kind, host: auditWord(host), secret: secret.length > 0 };
      await this.#apply(id, text, { ...entry, subject: id, details });
      return shown(this.#own(id));
    } finally {
      secret.fill(0);
    }
  }

  get #places() {
    const { dataDir, secretsDir: secretsDirectory } = this.#options.current();
    return { dataDir, secretsDirectory };
  }

  /** Whether the whole configuration is valid with the file. @throws `channel-in-use`, `channel-refused`, `configuration-refused` */
  async #check(id: string, text: string | undefined): Promise<void> {
    const { load, current } = this.#options;
    const { dataDir, alerts } = current();
    const path = ownFilePath(channelFiles, dataDir, id);
    const content = text === undefined ? undefined : { text };
    const loaded = await load({ dataDir, instead: { channels: { path, id, content } } });
    if (loaded.ok) {
      const unusable = loaded.config.unusableChannelFiles.find((file) => file.path === path);
      if (unusable !== undefined) throw refused(id, unusable.problems);
      return;
    }
    const rules = alerts.rules.filter(({ channels }) => channels.includes(id)).map((rule) => rule.id);
    if (text === undefined && rules.length > 0)
      throw refusal('channel-in-use', { id, rules: rules.join(', ') });
    const problems = loaded.problems.map((problem) => formatProblem('the configuration file', problem));
    throw refusal('configuration-refused:channel-invalid', { id, problems: problems.join('; ') });
  }

  async #apply(id: string, text: string | undefined, entry: NewAuditEntry): Promise<void> {
    await this.#changes.apply({
      ...{ path: ownFilePath(channelFiles, this.#options.current().dataDir, id), text, entry },
      refused: (problems) => failure('configuration-refused:channel', { id, problems: problems.join('; ') }),
    });
  }
}

/** The operations on channels. */
export function ownChannelHandlers(channels: OwnChannels): Handlers<typeof alertChannelOperations> {
  return {
    'alerts.channels': () => channels.list(),
    'alerts.create-channel': (input, { caller }) => channels.create(input, caller),
    'alerts.change-channel': (input, { caller }) => channels.change(input, caller),
    async 'alerts.delete-channel'({ id }, { caller }) {
      await channels.delete({ id }, caller);
      return { id };
    },
  };
}

/** Settings that say to which server a secret is sent, and whether the connection is protected. */
const serverSettings = ['url', 'host', 'port', 'tls'] as const;

/** The setting that names the secret. The name says only that there is one: the file of the channel has it. */
function secretName(kind: Given['kind'], hasSecret: boolean): Readonly<Record<string, string>> {
  if (!hasSecret) return {};
  return kind === 'webhook' ? { secret: 'own' } : { credential: 'own' };
}

function shown(channel: OwnChannel): ChannelDetails {
  const { id, kind } = channel;
  const { secret, credential, ...settings } = JSON.parse(channel.settings) as Given['settings'] & {
    readonly secret?: string;
    readonly credential?: string;
  };
  const hasSecret = secret !== undefined || credential !== undefined;
  return { id, kind, isOwn: true, revision: revisionOf(channel), hasSecret, settings };
}

/** Changes with every setting of the channel and with its secret, and stays over a restart. */
function revisionOf(channel: OwnChannel): number {
  const digest = createHash('sha256').update(JSON.stringify(channel)).digest();
  // As many bits as a double and an ETag hold.
  return digest.readUIntBE(0, 6) + 1;
}

/**
 * The host of the server, without the brackets of an IPv6 address. Telegram has its own unless another one is given. Browsers name
 * theirs for push.
 */
function hostOf(kind: Given['kind'], { url, host = 'api.telegram.org', hosts }: Given['settings']): string {
  if (kind === 'push') return hosts?.[0] ?? pushHosts[0];
  return (url === undefined ? host : new URL(url).hostname).replace(/^\[(.*)\]$/, '$1');
}

/** A host in the form of words of the audit log. */
const auditWord = (host: string): string =>
  host
    .replace(/^:/, '0:')
    .replaceAll(/[^A-Za-z0-9._:-]/g, '_')
    .slice(0, longestWord);

function refused(id: string, problems: readonly ConfigProblem[]) {
  const texts = problems.map(({ path, message, remedy }) =>
    [path, message, remedy].filter(Boolean).join(' '),
  );
  const details = { problems: problems.map(({ path, message }) => ({ path, message })) };
  return refusal('channel-refused', { id, problems: texts.join('; ') }, { details });
}
