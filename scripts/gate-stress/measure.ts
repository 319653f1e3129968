import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { percentile } from '../../daemon/kernel/percentile.js';
import { closeOf } from '../child-end.js';
import type { Attack } from './attacks.js';
import type { StressBox } from './stress-box.js';

export interface Row {
  readonly attack: string;
  readonly tally: string;
  readonly honest: string;
  readonly lateMs: readonly [p50: number, p99: number, most: number];
  readonly computedMs: readonly [p99: number, most: number];
  readonly coreMiB: number;
  readonly gateMiB: number;
  readonly analysed: number;
  readonly dropped: number;
  readonly events: number;
}

interface Wish {
  readonly attack: Attack | undefined;
  readonly size: number;
  readonly durationMs: number;
}

const attacker = fileURLToPath(new URL('./attacker.ts', import.meta.url));
/** A real attacker has a processor of their own: this one takes what the box leaves. */
const attackerNice = 10;
/** Below the limit of requests that the honest caller has in a minute. */
const sampleMs = 1000;
/** Connections end, and the turns of the last moment are written. */
const settleMs = 3000;

/** Runs one attack, or none for as long, and measures the box meanwhile. */
export async function measure(box: StressBox, { attack, size, durationMs }: Wish): Promise<Row> {
  const before = await box.frames();
  const [fromMs, eventsBefore] = [Date.now(), box.arrived()];
  const attacked =
    attack === undefined ? sleep(durationMs, '{}') : attackOf(attack, size, box.port, durationMs);
  let isOver = false;
  const ended = attacked.finally(() => {
    isOver = true;
  });
  const honest = { tally: new Map<number, number>(), tookMs: [] as number[] };
  const most = { core: 0, gate: 0 };
  while (!isOver) {
    most.core = Math.max(most.core, residentMiB(box.pids.core));
    most.gate = Math.max(most.gate, residentMiB(box.pids.gate));
    const askedMs = performance.now();
    const status = await box.askHonestly();
    honest.tookMs.push(performance.now() - askedMs);
    honest.tally.set(status, (honest.tally.get(status) ?? 0) + 1);
    await sleep(sampleMs);
  }
  const tally = JSON.parse(await ended) as Readonly<Record<string, number>>;
  await sleep(settleMs);
  const after = await box.frames();
  const turns = box.turnsBetween(fromMs, Date.now());
  const [late, computed] = [turns.map(([ms]) => ms), turns.map(([, ms]) => ms)];
  const at = (values: readonly number[], part: number): number => Math.round(percentile(values, part) ?? 0);
  return {
    attack: attack ?? 'none',
    tally: shown(Object.entries(tally)),
    honest: `${shown([...honest.tally].map(([status, count]) => [`status ${status}`, count]))}; p99 ${at(honest.tookMs, 0.99)} ms`,
    lateMs: [at(late, 0.5), at(late, 0.99), at(late, 1)],
    computedMs: [at(computed, 0.99), at(computed, 1)],
    coreMiB: Math.round(most.core),
    gateMiB: Math.round(most.gate),
    analysed: after.analysed - before.analysed,
    dropped: after.dropped - before.dropped,
    events: box.arrived() - eventsBefore,
  };
}

const shown = (counts: readonly (readonly [string, number])[]): string =>
  counts.map(([what, count]) => `${what}: ${count}`).join(', ');

async function attackOf(attack: Attack, size: number, port: number, durationMs: number): Promise<string> {
  const args = ['--attack', attack, '--port', port, '--size', size, '--seconds', durationMs / 1000].map(
    String,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', attacker, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  setPriority(child.pid ?? 0, attackerNice);
  const said = text(child.stdout);
  await closeOf(child);
  return said;
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) / 1024;
}
