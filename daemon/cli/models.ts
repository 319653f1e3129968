import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { loadConfig } from '../contract/settings/load.js';
import type { Config } from '../contract/settings/schema.js';
import { unmeasuredRecognisers } from '../contract/settings/vision-schema.js';
import { openConfiguredStore } from '../host/models/configured-store.js';
import type { DownloadProgress } from '../host/models/model-download.js';
import { type ModelPack, remedyOfDamage } from '../host/models/model-manifest.js';
import type { ModelStore, Obtained, PackStatus } from '../host/models/store.js';
import { type ExitCode, exitCodes, print, runAction } from '../host/output.js';
import { badInput } from '../kernel/errors.js';
import { table } from '../kernel/text-table.js';
import { addRecogniser, describeAdded, removeRecogniser } from '../lab/own-recognisers.js';
import { fallbackRecogniser, preferredRecogniser } from '../vision/recogniser-in-use.js';
import { type CommonOptions, defaultConfigPath, withCommonOptions } from './common-options.js';
import { invalidConfig } from './daemon-client.js';
import { inMiB, withProgress } from './progress.js';

/**
 * Undefined if the default configuration does not exist: models can be built before a box is configured. A configuration
 * given by `--config` must exist and be valid.
 */
async function configOf(options: CommonOptions): Promise<Config | undefined> {
  if (options.config === defaultConfigPath && !(await stat(options.config).catch(() => undefined))) {
    return undefined;
  }
  const loaded = await loadConfig(options.config);
  if (loaded.ok) return loaded.config;
  throw invalidConfig(options.config, loaded.problems);
}

function summary(status: PackStatus) {
  const { id, role, licence, sha256, source } = status.pack;
  const rest =
    status.state === 'absent'
      ? { remedy: status.remedy }
      : status.state === 'damaged'
        ? { path: status.path, foundSha256: status.foundSha256 }
        : { path: status.path };
  return { id, role, state: status.state, source: source.kind, licence: licence.name, sha256, ...rest };
}

export function statusTable(statuses: readonly PackStatus[]): string {
  const rows = statuses.map(summary);
  return [
    table(
      ['pack', 'role', 'state', 'source', 'licence'],
      rows.map(({ id, role, state, source, licence }) => [id, role, state, source, licence]),
    ),
    ...rows.flatMap((row) =>
      'foundSha256' in row
        ? [
            `${row.id}: ${row.path} is damaged: expected SHA-256 ${row.sha256}, found ${row.foundSha256}`,
            `  what to do: ${remedyOfDamage(row.id, row.source)}`,
          ]
        : [],
    ),
  ].join('\n');
}

/** The recogniser of a new box. */
export function automaticRecogniser(statuses: readonly PackStatus[]): string {
  const preferred = statuses.find(({ pack }) => pack.id === preferredRecogniser);
  if (preferred === undefined) return '';
  const title = 'recogniser of an empty gallery, unless vision.recogniser names one';
  if (preferred.state !== 'absent')
    return `${title}: ${preferredRecogniser}\n  its training photos are not documented (docs/reference/models.md)`;
  const why = `because ${preferredRecogniser}, which makes far fewer errors, is not on this machine`;
  return `${title}: ${fallbackRecogniser}, ${why}\n  what to do: ${preferred.remedy}`;
}

/** The setting in `vision` that puts a pack into use, which is no recogniser. */
function settingFor(packId: string) {
  if (packId.startsWith('yunet')) return ['detector', 'yunet'] as const;
  if (packId.startsWith('minifasnet')) return ['passivePad', 'minifasnet'] as const;
  return packId === 'face-landmarker' ? (['landmarks', 'face-landmarker'] as const) : undefined;
}

/** How to use a pack that was just installed. */
export function nextSteps(pack: ModelPack, vision: Config['vision'] | undefined): readonly string[] {
  const { id, role } = pack;
  if (role === 'recogniser') {
    if (vision?.recogniser === id) return [`The configuration names ${id}. Restart rollcalld to use it.`];
    const isMeasured = !unmeasuredRecognisers.includes(id);
    const settings = isMeasured
      ? `set vision.recogniser to ${id} if it names another one`
      : `set vision.recogniser: ${id}, identification.threshold and identification.margin (no operating point of ${id} was measured)`;
    const isAutomatic = id === preferredRecogniser && (vision?.recogniser ?? 'auto') === 'auto';
    return [
      isAutomatic
        ? `An empty gallery uses ${id} from the next start of rollcalld. Any other gallery keeps its recogniser.`
        : `Nothing changes automatically. A gallery keeps its recogniser.`,
      `To move a gallery to ${id}, run: rollcall gallery re-embed --to ${id}`,
      `When that is ready, ${settings}. Then restart rollcalld. See docs/how-to/change-the-recogniser.md.`,
    ];
  }
  const setting = settingFor(id);
  if (setting === undefined) return [];
  const [key, value] = setting;
  if (vision?.[key] === value) return [`The configuration names ${value}. Restart rollcalld to use ${id}.`];
  return [`Nothing changes automatically. To use ${id}, set vision.${key}: ${value} and reload rollcalld.`];
}

type StoreAction = (store: ModelStore, isJson: boolean, config: Config | undefined) => Promise<ExitCode>;

function withStore(options: CommonOptions, action: StoreAction): Promise<void> {
  const isJson = options.json === true;
  return runAction(isJson, async () => {
    const config = await configOf(options);
    return action(await openConfiguredStore(config?.models.dir), isJson, config);
  });
}

function show(isJson: boolean, statuses: readonly PackStatus[]): void {
  print(isJson, statuses.map(summary), () => statusTable(statuses));
}

/** On standard error, because such a network has no row in the list. */
function showUnusable({ unusableOwn }: ModelStore): void {
  for (const { id, reason, remedy } of unusableOwn) {
    process.stderr.write(`${id} cannot be used: ${reason}\n  what to do: ${remedy}\n`);
  }
}

/** Shows the packs, and the next steps for those that are new. */
function showReceived(
  isJson: boolean,
  { statuses, brought }: Pick<Obtained, 'statuses' | 'brought'>,
  config: Config | undefined,
): void {
  const next = ({ pack }: PackStatus) => (brought.includes(pack.id) ? nextSteps(pack, config?.vision) : []);
  const documents = statuses.map((status) => ({ ...summary(status), next: next(status) }));
  print(isJson, documents, () => [statusTable(statuses), ...statuses.flatMap(next)].join('\n'));
}

export function registerModels(program: Command): void {
  const models = program
    .command('models')
    .description('the neural networks: build, import, fetch and verify them');
  withCommonOptions(models.command('list'))
    .description('list all packs and their state on this machine')
    .action((options: CommonOptions) =>
      withStore(options, async (store, isJson) => {
        const statuses = await store.list();
        show(isJson, statuses);
        showUnusable(store);
        if (!isJson) process.stdout.write(`${automaticRecogniser(statuses)}\n`);
        return exitCodes.done;
      }),
    );
  withCommonOptions(models.command('verify'))
    .description('read every file again and compare its SHA-256; exit code 1 if one is damaged')
    .action((options: CommonOptions) =>
      withStore(options, async (store, isJson) => {
        const statuses = await store.verify();
        show(isJson, statuses);
        showUnusable(store);
        return store.unusableOwn.length > 0 || statuses.some(({ state }) => state === 'damaged')
          ? exitCodes.failed
          : exitCodes.done;
      }),
    );
  withCommonOptions(models.command('build'))
    .option('--force', 'convert existing packs again')
    .description('convert the base packs from the npm packages that ship their weights')
    .action((options: CommonOptions & { readonly force?: boolean }) =>
      withStore(options, async (store, isJson) => {
        const leftOut: string[] = [];
        const statuses = await withProgress({ title: 'building models', isJson }, (progress) =>
          store.build({
            isForced: options.force === true,
            onProgress: ({ packId, done, total, step, reason }) => {
              progress.update(done, total, `${packId}: ${step}`);
              if (reason !== undefined) leftOut.push(leftOutLine({ packId, reason }));
            },
          }),
        );
        show(isJson, statuses);
        for (const line of leftOut) process.stderr.write(`${line}\n`);
        return exitCodes.done;
      }),
    );
  registerReceiving(models);
  registerOwn(models);
}

function registerReceiving(models: Command): void {
  withCommonOptions(models.command('import'))
    .argument('<file>', 'a model file; its SHA-256 tells which pack it is')
    .description('import a model file; a file with a wrong hash is refused')
    .action((file: string, options: CommonOptions) =>
      withStore(options, async (store, isJson, config) => {
        const status = await store.import(file);
        showReceived(isJson, { statuses: [status], brought: [status.pack.id] }, config);
        return exitCodes.done;
      }),
    );
  withCommonOptions(models.command('fetch'))
    .argument('[pack]', 'id of a pack that its publisher offers for download')
    .option('--recommended', 'download all recommended packs; skip a pack that is not available')
    .description(
      'download a pack from its publisher, or continue an interrupted download; a file with a wrong hash is refused',
    )
    .action((pack: string | undefined, options: CommonOptions & { readonly recommended?: boolean }) =>
      withStore(options, async (store, isJson, config) => {
        if ((pack === undefined) !== (options.recommended === true)) {
          throw badInput('which-pack', 'give either one pack or --recommended', {
            remedy: `Name one of: ${store.fetchable.join(', ')}. Or run: 'rollcall models fetch --recommended'.`,
          });
        }
        const title = `fetching ${pack ?? 'the recommended packs'}, MiB`;
        const obtained = await withProgress({ title, isJson }, async (progress) => {
          const onProgress = ({ packId, receivedBytes, totalBytes }: DownloadProgress): void => {
            const { done, total } = inMiB(receivedBytes, totalBytes);
            progress.update(done, total, pack === undefined ? packId : undefined);
          };
          if (pack === undefined) return store.obtainRecommended({ onProgress });
          return { statuses: [await store.fetch(pack, { onProgress })], brought: [pack], leftOut: [] };
        });
        showReceived(isJson, obtained, config);
        for (const left of obtained.leftOut) process.stderr.write(`${leftOutLine(left)}\n`);
        return exitCodes.done;
      }),
    );
}

function registerOwn(models: Command): void {
  withCommonOptions(models.command('add-recogniser'))
    .argument(
      '<file>',
      'an ONNX network of the ArcFace family: one aligned face of 112x112 in, one embedding out',
    )
    .requiredOption('--name <name>', 'its name; the configuration calls it own-NAME')
    .requiredOption(
      '--known <dir>',
      'folder with one folder of photos per person: at least 20 people with 3 photos each',
    )
    .description(
      'add a recogniser of your own: find out how its input must be prepared, prove with photos that it tells people apart, and measure its threshold; any other network is refused',
    )
    .action((file: string, options: CommonOptions & { readonly name: string; readonly known: string }) =>
      withStore(options, async (store, isJson, config) => {
        const { name, known } = options;
        const added = await withProgress({ title: 'adding the network, people', isJson }, (progress) =>
          addRecogniser({
            ...{ file, name, known, store, config },
            onProgress: (done, total, step) => progress.update(done, total, step),
          }),
        );
        const { status, ...measured } = added;
        const next = nextSteps(status.pack, config?.vision);
        print(isJson, { ...measured, ...summary(status), next }, () =>
          [describeAdded(added), ...next].join('\n'),
        );
        return exitCodes.done;
      }),
    );
  withCommonOptions(models.command('remove'))
    .argument('<name>', 'a network that was added with add-recogniser')
    .description('remove a recogniser of your own; refused while the configuration or the gallery uses it')
    .action((name: string, options: CommonOptions) =>
      withStore(options, async (store, isJson, config) => {
        const id = await removeRecogniser(name, store, config);
        print(isJson, { id, removed: true }, () => `removed ${id}`);
        return exitCodes.done;
      }),
    );
}

function leftOutLine({ packId, reason }: { readonly packId: string; readonly reason: string }): string {
  return `Skipped the pack ${packId}: ${reason}`;
}
