import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { EventId } from '../../daemon/kernel/ids.js';
import type { Random } from '../../daemon/kernel/random.js';
import { builtChild } from '../../test/support/built.js';
import { galleryOptions, openTestGallery } from '../../test/support/gallery-fixture.js';
import { openPassageRecords, SettableVault, sealOf } from '../../test/support/passage-fixture.js';
import { closeOf } from '../child-end.js';
import { writtenPath } from './passage-box-child.js';

const longestLifeMs = 200;
const everything = 1_000_000;

export interface PassageLoopResult {
  readonly passages: number;
  readonly events: number;
  /** Passages that were in sight at a kill. */
  readonly inSight: number;
  readonly violations: readonly string[];
}

/** Kills processes that record facts with their passages, and compares passages, events and what the processes said. */
export async function runPassageLoop(options: {
  readonly kills: number;
  readonly random: Random;
}): Promise<PassageLoopResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-passage-faults-'));
  let inSight = 0;
  try {
    for (let kill = 0; kill < options.kills; kill += 1) {
      await liveAndDie(folder, options.random.unit() * longestLifeMs);
      await using opened = await openTestGallery(galleryOptions(folder));
      await using records = openPassageRecords(
        folder,
        systemClock,
        sealOf(new SettableVault(opened.gallery)),
      );
      inSight += records.passages.endOpen();
      const found = look(records, wordsIn(folder));
      const isLast = kill === options.kills - 1;
      if (isLast || found.violations.length > 0) return { ...found, inSight };
    }
    return { passages: 0, events: 0, inSight, violations: ['there was no kill'] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function liveAndDie(folder: string, afterMs: number): Promise<void> {
  const child = fork(builtChild('scripts/fault-loop/passage-box-child.ts'), [folder], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = closeOf(child);
  const opened = new Promise<void>((resolve) => child.once('message', () => resolve()));
  await Promise.race([opened, ended]);
  // The delay decides where the kill hits: it is not a wait for the child.
  await sleep(afterMs);
  child.kill('SIGKILL');
  if ((await ended).signal !== 'SIGKILL') throw new Error(`the process ended by itself: ${complaint}`);
}

function wordsIn(folder: string): readonly string[] {
  const path = writtenPath(folder);
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

/** Every event has its passage, every passage its events, and all that was said is there. */
function look(records: RecordStores, written: readonly string[]): Omit<PassageLoopResult, 'inSight'> {
  const violations: string[] = [];
  const passageOfEvent = new Map<EventId, string>();
  for (const { id, payload } of records.list({ limit: everything })) {
    const { data } = JSON.parse(Buffer.from(payload).toString('utf8')) as { data: { passage?: string } };
    passageOfEvent.set(id as EventId, data.passage ?? '');
  }
  const named = new Set<EventId>();
  const there = new Set<string>();
  for (const { id, passage } of records.passages.list({ limit: everything })) {
    there.add(id);
    if (passage === undefined) violations.push(`the passage ${id} does not open`);
    else if (passage.end === undefined) violations.push(`the passage ${id} did not end`);
    for (const event of passage?.events ?? []) {
      named.add(event);
      if (passageOfEvent.get(event) !== id)
        violations.push(`the passage ${id} is without its event ${event}`);
    }
  }
  for (const [event, id] of passageOfEvent) {
    if (!named.has(event)) violations.push(`the event ${event} is without its passage ${id}`);
  }
  for (const id of written) if (!there.has(id)) violations.push(`the passage ${id} was written and is lost`);
  return { passages: there.size, events: passageOfEvent.size, violations };
}
