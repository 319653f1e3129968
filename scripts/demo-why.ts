import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PassageItem, ReadablePassage } from '../daemon/contract/passages.js';
import type { DemoBox } from './demo-box.js';

/** How long a face can stay in sight after its event. */
const patienceMs = 60_000;

export interface Explained {
  readonly box: DemoBox;
  /** Made for the pictures. */
  readonly folder: string;
  readonly say: (text: string) => void;
  readonly isOver: () => boolean;
}

/** Explains one passage of each person at each camera, with the picture, by the commands that a reader can type, too. */
export async function explainPassages({ box, folder, say, isOver }: Explained): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const passages = await endedPassages(box, isOver);
  say(`$ rollcall passages list\n${await box.command('passages', 'list')}`);
  for (const { id, camera, outcome } of passages) {
    const picture = join(folder, `${camera}-${outcome}-${id}.jpg`);
    const isKept = await hasPicture(box, id);
    const given = ['passages', 'why', id, ...(isKept ? ['--picture', picture] : [])];
    say(`$ rollcall ${given.join(' ')}\n${await box.command(...given)}`);
  }
  say(`   the pictures are in ${folder}`);
}

async function hasPicture(box: DemoBox, id: string): Promise<boolean> {
  const shown = JSON.parse(await box.command('passages', 'show', id, '--json')) as { hasPicture: boolean };
  return shown.hasPicture;
}

/** The newest ended passage of each person, outcome and camera, once each outcome of the door has one. */
async function endedPassages(box: DemoBox, isOver: () => boolean): Promise<readonly ReadablePassage[]> {
  for (let waitedMs = 0; ; waitedMs += 1000) {
    const listed = JSON.parse(
      await box.command('passages', 'list', '--json', '-n', '500'),
    ) as readonly PassageItem[];
    const ended = listed.flatMap((each) => ('unreadable' in each || each.end === undefined ? [] : [each]));
    const newest = new Map(ended.map((each) => [whoPassed(each), each]));
    const atDoor = ended.filter(({ camera }) => camera === 'door').map(({ outcome }) => outcome);
    const isWhole = (['attended', 'stranger', 'attack'] as const).every((each) => atDoor.includes(each));
    if (isWhole || isOver() || waitedMs >= patienceMs) return [...newest.values()];
    await sleep(1000);
  }
}

const whoPassed = ({ camera, outcome, person, stranger }: ReadablePassage): string =>
  `${camera} ${outcome} ${person?.id ?? stranger?.id ?? ''}`;
