import type { Command } from 'commander';
import { type ExitCode, exitCodes, print, runAction } from '../host/output.js';
import { createPrivateFile } from '../host/private-file.js';
import { badInput } from '../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openBox } from './daemon-client.js';
import { saveTemporarily } from './kept-picture.js';
import { whichCamera } from './which-camera.js';

interface SnapshotOptions extends CommonOptions {
  readonly save?: string;
  readonly boxes?: boolean;
}

export function registerCameraSnapshot(camera: Command): void {
  withCommonOptions(camera.command('snapshot'))
    .argument('<camera>', 'id, start of an id, or name of a camera that is streaming')
    .option(
      '--save <file>',
      'new file for the picture (JPEG); only you can read it. Default: a file in a temporary folder',
    )
    .option('--boxes', 'draw a box around each face, with its number, its quality and its faults')
    .description('save the next analysed frame of a camera; the box keeps no copy')
    .action((given: string, options: SnapshotOptions) =>
      runAction(options.json === true, () => takeSnapshot(given, options)),
    );
}

async function takeSnapshot(
  given: string,
  { config, json: isJson = false, save: path, boxes = false }: SnapshotOptions,
): Promise<ExitCode> {
  if (path === undefined && isJson) {
    throw badInput('picture-needs-file', 'with --json a picture needs the name of a file', {
      remedy: 'Give one: --save FILE.',
    });
  }
  const { client } = await openBox(config);
  const id = await whichCamera(client, given);
  if (path === undefined) {
    await saveTemporarily(await client.call('cameras.snapshot', { id, boxes }), id);
    return exitCodes.done;
  }
  await using file = await createPrivateFile(path);
  const picture = await client.call('cameras.snapshot', { id, boxes });
  await file.keep(picture);
  print(isJson, { id, file: path, bytes: picture.length }, () => `${id}: ${path}, ${picture.length} bytes`);
  return exitCodes.done;
}
