import { execFile } from 'node:child_process';

/** What nvidia-smi reports while something runs. */
export interface GpuLoad {
  readonly name: string;
  readonly meanPowerW: number;
  readonly meanUse: number;
  readonly mostMemoryMiB: number;
}

const everyMs = 500;
const query = 'name,power.draw,utilization.gpu,memory.used';

interface Reading {
  readonly name: string;
  readonly powerW: number;
  readonly use: number;
  readonly memoryMiB: number;
}

/** Watches the first NVIDIA GPU during `work`; undefined where there is none. */
export async function withGpuLoad<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly gpu: GpuLoad | undefined }> {
  const readings: Reading[] = [];
  let isEnded = false;
  let wake = (): void => undefined;
  const watching = (async () => {
    while (!isEnded) {
      const reading = await readGpu();
      if (reading === undefined) return;
      readings.push(reading);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  try {
    const result = await work();
    return { result, gpu: summary(readings) };
  } finally {
    isEnded = true;
    wake();
    await watching;
  }
}

function summary(readings: readonly Reading[]): GpuLoad | undefined {
  const [first] = readings;
  if (first === undefined) return undefined;
  const mean = (value: (reading: Reading) => number): number =>
    readings.reduce((sum, reading) => sum + value(reading), 0) / readings.length;
  return {
    name: first.name,
    meanPowerW: mean(({ powerW }) => powerW),
    meanUse: mean(({ use }) => use) / 100,
    mostMemoryMiB: Math.max(...readings.map(({ memoryMiB }) => memoryMiB)),
  };
}

function readGpu(): Promise<Reading | undefined> {
  return new Promise((resolve) => {
    const parameters = [`--query-gpu=${query}`, '--format=csv,noheader,nounits', '--id=0'];
    execFile('nvidia-smi', parameters, (error, stdout) => {
      const [name = '', powerW, use, memoryMiB] = stdout.trim().split(', ');
      if (error !== null) resolve(undefined);
      else resolve({ name, powerW: Number(powerW), use: Number(use), memoryMiB: Number(memoryMiB) });
    });
  });
}
