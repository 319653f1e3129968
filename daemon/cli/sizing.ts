import { freemem } from 'node:os';
import type { Command } from 'commander';
import { type MachineSpeed, machineSpeed } from '../host/machine-speed.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { badInput } from '../kernel/errors.js';
import { mostOtherCores, type PlannedCameras, type Sizing, sizeBox, sizedCodecs } from '../kernel/sizing.js';

interface SizingOptions {
  readonly cameras: string;
  readonly size: string;
  readonly fps: string;
  readonly codec: string;
  readonly share: string;
  readonly json?: boolean;
}

const mebibyte = 1024 ** 2;

export function registerSizing(program: Command): void {
  program
    .command('sizing')
    .option('--cameras <number>', 'how many cameras, 1 to 256', '4')
    .option('--size <WxH>', 'pixels of the only stream of each camera', '1920x1080')
    .option('--fps <number>', 'frames per second of the stream, 1 to 60', '25')
    .option('--codec <name>', sizedCodecs.join(' or '), 'h264')
    .option('--share <percent>', 'share of the time in which somebody is in sight, 0 to 100', '75')
    .option('--json', 'print JSON instead of text')
    .description(
      'estimate whether this machine suffices for planned cameras; it computes for some seconds and needs no service; exit code 1 if it does not suffice',
    )
    .action((options: SizingOptions) =>
      runAction(options.json === true, async () => {
        const planned = plannedOf(options);
        const machine = await machineSpeed();
        const sizing = sizeBox(planned, machine);
        const freeMiB = freemem() / mebibyte;
        print(options.json === true, { planned, machine, sizing, freeMiB }, () =>
          sizingText(planned, machine, sizing, freeMiB),
        );
        return sizing.verdict === 'too-little' ? exitCodes.failed : exitCodes.done;
      }),
    );
}

/** @throws `sizing-unusable` */
export function plannedOf({ cameras, size, fps, codec, share }: SizingOptions): PlannedCameras {
  const [, width = '', height = ''] = /^(\d+)x(\d+)$/.exec(size) ?? [];
  const known = sizedCodecs.find((each) => each === codec);
  if (known === undefined)
    throw refused(`--codec "${codec}" was never measured`, `Use ${sizedCodecs.join(' or ')}.`);
  return {
    cameras: whole(cameras, '--cameras', 1, 256),
    widthPx: whole(width, 'the width in --size', 160, 7680),
    heightPx: whole(height, 'the height in --size', 120, 4320),
    framesPerS: whole(fps, '--fps', 1, 60),
    codec: known,
    faceShare: whole(share, '--share', 0, 100) / 100,
  };
}

function whole(text: string, what: string, lowest: number, highest: number): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
  throw refused(`${what} is "${text}"`, `Give a whole number from ${lowest} to ${highest}.`);
}

const refused = (message: string, remedy: string) => badInput('sizing-unusable', message, { remedy });

const verdictTexts: Readonly<Record<Sizing['verdict'], string>> = {
  enough: 'this machine suffices',
  uncertain:
    "it is uncertain whether this machine suffices: try the cameras, and watch 'capacity' in rollcall status",
  'too-little': 'this machine does not suffice: use substreams, lower rates, fewer cameras, or more cores',
};

export function sizingText(
  { cameras, widthPx, heightPx, framesPerS, codec, faceShare }: PlannedCameras,
  { model, cores, alone, together, otherCores }: MachineSpeed,
  sizing: Sizing,
  freeMiB: number,
): string {
  const { least, most } = sizing.cores;
  const lines = [
    `machine: ${model}, ${cores} cores; fixed computation ${alone.toFixed(2)} on one core, ${together.toFixed(2)} on each of all`,
    `cameras: ${cameras} of ${widthPx}x${heightPx} at ${framesPerS} fps, ${codec}, people in sight ${Math.round(100 * faceShare)} % of the time`,
    `processor: ${least.toFixed(1)} to ${most.toFixed(1)} cores, of which ${sizing.usableCores.toFixed(1)} may be busy`,
    `memory: about ${Math.round(sizing.memoryMiB)} MiB for vision and decoders; ${Math.round(freeMiB)} MiB are free`,
    `estimate: ${verdictTexts[sizing.verdict]}`,
  ];
  if (otherCores > mostOtherCores)
    lines.push(
      `other programs used ${otherCores.toFixed(1)} cores: the machine seems slower than it is; run this again when it is idle`,
    );
  return lines.join('\n');
}
