import { Option } from 'commander';
import type { CameraTest } from '../contract/cameras.js';
import { remedyBelow } from '../contract/command-line.js';
import { listed } from '../core/doctor/finding.js';
import { terminalLanguage } from '../host/installed-languages.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { type Said, said, verbatim } from '../kernel/said.js';
import { refusal } from '../words/errors.js';
import { inLanguage, type Language } from '../words/language.js';
import { type AddressOptions, isAddress, testAddress } from './camera-address-test.js';
import { registerCameraChanges } from './camera-changes.js';
import { registerCameraProfiles } from './camera-profiles.js';
import { registerCameraSnapshot } from './camera-snapshot.js';
import { cameraTable } from './camera-table.js';
import { registerCameraWatch } from './camera-watch.js';
import { paintFor } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { connectionLines, failedTest } from './connection-lines.js';
import { openBox } from './daemon-client.js';
import type { RegisterByHand } from './derived-commands.js';
import { showAnswer } from './show-answer.js';
import { whichCamera } from './which-camera.js';

type UsableTest = Extract<CameraTest, { readonly outcome: 'ok' }>;

function faceText({ quality, widthPx, score }: UsableTest['faces'][number]): Said {
  const faults = quality?.reasons.map((reason) => said(`passages/fault-${reason}`)) ?? [];
  const verdict =
    quality === null
      ? said('terminal/face-without-landmarks')
      : faults.length === 0
        ? said('terminal/face-good', { score: quality.score })
        : said('terminal/face-refused', { reasons: listed(faults) });
  return said('terminal/face', { width: Math.round(widthPx), score, verdict });
}

function streamText({ stream, measuredFps, decodingCores }: UsableTest): Said {
  const { codec, widthPx, heightPx, fps } = stream;
  return listed([
    verbatim(`${codec} ${widthPx}x${heightPx}`),
    fps === null ? said('terminal/fps-not-announced') : said('terminal/fps-announced', { fps }),
    said('terminal/fps-measured', { fps: measuredFps }),
    ...(decodingCores === null
      ? []
      : [said('terminal/decoding', { percent: Math.round(100 * decodingCores) })]),
  ]);
}

/** The outcome of a test, with what to do about each problem. */
export function describeTest(id: string, result: CameraTest, language: Language): string {
  const { say } = language;
  if (result.outcome === 'failed') return failedTest(id, result, language);
  const { firstFrameMs, faces, framesAnalysed, problems } = result;
  return [
    say('terminal/titled', { title: id, text: streamText(result) }),
    ...connectionLines(result, language),
    say('terminal/first-frame', { seconds: firstFrameMs / 1000 }),
    say('terminal/faces-found', { faces: faces.length, frames: framesAnalysed }),
    ...faces.map((face) => `  ${language.textOf(faceText(face))}`),
    ...problems.map((problem) => {
      const { message, remedy, code } = inLanguage(problem, language);
      return `${say('terminal/problem', { text: `${message} (${code})` })}${remedyBelow(say, remedy)}`;
    }),
  ].join('\n');
}

/** Lets the daemon test a configured camera. */
async function testConfigured(given: string, options: AddressOptions) {
  const { credential, login, transport, allowBasicLogin, caFile, fingerprint } = options;
  if (
    [credential, login, transport, allowBasicLogin, caFile, fingerprint].some((each) => each !== undefined)
  ) {
    throw refusal('address-needed');
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
        (cameras, { language }) => cameraTable(cameras, paintFor(process.stdout), language),
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
        print(options.json === true, result, () => describeTest(about, result, terminalLanguage()));
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
