import { Option } from 'commander';
import type { CameraTest } from '../contract/cameras.js';
import { installedLanguages } from '../host/installed-languages.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { counted } from '../kernel/counted.js';
import { badInput } from '../kernel/errors.js';
import { type AddressOptions, isAddress, testAddress } from './camera-address-test.js';
import { registerCameraChanges } from './camera-changes.js';
import { registerCameraProfiles } from './camera-profiles.js';
import { registerCameraSnapshot } from './camera-snapshot.js';
import { cameraTable } from './camera-table.js';
import { registerCameraWatch } from './camera-watch.js';
import { paintFor } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { connectionLines } from './connection-lines.js';
import { openBox } from './daemon-client.js';
import type { RegisterByHand } from './derived-commands.js';
import { showAnswer } from './show-answer.js';
import { whichCamera } from './which-camera.js';

function decodingText({ decodingCores }: Extract<CameraTest, { outcome: 'ok' }>): string {
  return decodingCores === null ? '' : `, FFmpeg uses ${Math.round(decodingCores * 100)} % of a core`;
}

function describeTest(id: string, result: CameraTest): string {
  if (result.outcome === 'failed') {
    const failure = `${id}: ${result.message} (${result.code})\n  what to do: ${result.remedy}`;
    return [failure, ...connectionLines(result)].join('\n');
  }
  const { codec, widthPx, heightPx, fps } = result.stream;
  const faces = result.faces.map((face) => {
    const verdict =
      face.quality === null
        ? 'no landmarks'
        : face.quality.reasons.length === 0
          ? `good, quality ${face.quality.score.toFixed(2)}`
          : `refused: ${face.quality.reasons.join(', ')}`;
    return `  face ${Math.round(face.widthPx)} px wide, score ${face.score.toFixed(2)}, ${verdict}`;
  });
  return [
    `${id}: ${codec} ${widthPx}x${heightPx}, ${fps === null ? 'rate not announced' : `${fps} fps announced`}, ${result.measuredFps.toFixed(1)} fps measured${decodingText(result)}`,
    ...connectionLines(result),
    `first frame after ${(result.firstFrameMs / 1000).toFixed(2)} s`,
    `faces found: ${result.faces.length} (most in one of ${counted(result.framesAnalysed, 'frame')})`,
    ...faces,
    ...result.problems.map(
      ({ message, remedy, code }) => `PROBLEM: ${message} (${code})\n  what to do: ${remedy}`,
    ),
  ].join('\n');
}

/** Lets the daemon test a configured camera. */
async function testConfigured(given: string, options: AddressOptions) {
  const { credential, login, transport, allowBasicLogin, caFile, fingerprint } = options;
  if (
    [credential, login, transport, allowBasicLogin, caFile, fingerprint].some((each) => each !== undefined)
  ) {
    throw badInput('address-needed', 'options for opening a camera need an rtsp:// address', {
      remedy: 'Give the rtsp:// address of the camera, or leave the options out to test it as configured.',
    });
  }
  const { client } = await openBox(options.config);
  const about = await whichCamera(client, given);
  return { about, result: await client.call('cameras.test', { id: about }) };
}

export function registerCamera(...[groupOf, addDerived]: Parameters<RegisterByHand>): void {
  const camera = groupOf('camera');
  withCommonOptions(camera.command('list'))
    .description('list the cameras with their state and counters')
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        ({ client }) => client.call('cameras.list'),
        (cameras) => {
          const language = installedLanguages().ofTerminal(process.env);
          return cameraTable(cameras, paintFor(process.stdout), language);
        },
      ),
    );
  withCommonOptions(camera.command('test'))
    .argument(
      '<camera>',
      'id, start of an id, or name of a configured camera, also a disabled one; or an rtsp:// address, which needs no daemon and no configuration',
    )
    .option('--credential <name>', 'with an address: name of the secret that holds user:password')
    .option('--login', 'with an address: ask for user:password, or read it from standard input')
    .addOption(
      new Option('--transport <kind>', 'with an address: transport of the media').choices(['tcp', 'udp']),
    )
    .option('--allow-basic-login', 'with an address: send the password unencrypted if the camera asks for it')
    .option('--ca-file <file>', 'with an rtsps:// address: certificates of the authorities to trust')
    .option('--fingerprint <sha256>', 'with an rtsps:// address: the only certificate to accept')
    .description('open the stream and report what it shows, or what failed (exit code 1)')
    .action((given: string, options: AddressOptions) =>
      runAction(options.json === true, async () => {
        const { about, result } = isAddress(given)
          ? { about: given, result: await testAddress(given, options) }
          : await testConfigured(given, options);
        print(options.json === true, result, () => describeTest(about, result));
        const isUsable = result.outcome === 'ok' && result.problems.length === 0;
        return isUsable ? exitCodes.done : exitCodes.failed;
      }),
    );
  registerCameraProfiles(camera);
  registerCameraChanges(camera);
  registerCameraSnapshot(camera);
  registerCameraWatch(camera);
  addDerived();
}
