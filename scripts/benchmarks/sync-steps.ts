import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { digestBuckets, mostBucketsAtOnce } from '../../daemon/contract/events/command-schema.js';
import { readPeople } from '../../daemon/lab/labelled-collection.js';
import {
  type BoxDigest,
  commandWindow,
  differentBuckets,
  enrolByCommand,
  inWindow,
  type SyncCentre,
  type SyncedBox,
  type Wanted,
  wanted,
} from '../../test/support/sync-centre.js';
import type { BoxProcess } from './sync-box-process.js';
import type { CentreLink } from './sync-link.js';
import { type Span, sayLine, saySpan } from './sync-report.js';

/** A box, its process, and how its centre reaches it. */
export interface Site {
  readonly link: CentreLink;
  readonly centre: SyncCentre;
  readonly process: BoxProcess;
  readonly box: SyncedBox;
}

/** Runs `work` and measures it at both ends. */
async function measured<T>({ link, process: box }: Site, work: () => Promise<T>): Promise<Span<T>> {
  link.takeTraffic();
  const before = await box.state();
  await box.watch();
  const centreCpu = process.cpuUsage();
  const startMs = performance.now();
  const result = await work();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(centreCpu);
  const longestHoldMs = await box.watched();
  const cpuMs = { box: (await box.state()).cpuMs - before.cpuMs, centre: (user + system) / 1000 };
  return { result, seconds, longestHoldMs, cpuMs, traffic: link.takeTraffic() };
}

function enrolAll(site: Site, persons: readonly Wanted[], width = commandWindow): Promise<Span<void>> {
  return measured(site, () =>
    inWindow(persons, width, async (person) => {
      const { outcome, code } = await enrolByCommand(site.box, person);
      if (outcome !== 'done') throw new Error(`${person.externalId} was not enrolled: ${code}`);
    }),
  );
}

const personsOf = (from: number, to: number): readonly Wanted[] =>
  Array.from({ length: to - from }, (_, index) => wanted(from + index));

/** Enrols all persons by command: a few with other windows, the others tenth by tenth. Returns the last tenth. */
export async function enrolAllPersons(site: Site, count: number): Promise<Span<void>> {
  const windows = [1, 4, 16, 31];
  const few = Math.ceil(count / 40);
  let next = 0;
  for (const width of windows) {
    saySpan(`${few} enrolled, window ${width}`, await enrolAll(site, personsOf(next, next + few), width));
    next += few;
  }
  for (;;) {
    const end = Math.min(count, next + Math.ceil(count / 10));
    const span = await enrolAll(site, personsOf(next, end));
    saySpan(`enrolled, number ${next} to ${end}`, span);
    next = end;
    if (next === count) return span;
  }
}

/** How long an external id takes to be found: the first time since the start of the box, and after that. */
export async function askForTaken(site: Site): Promise<void> {
  const ask = async (): Promise<void> => {
    const { code } = await enrolByCommand(site.box, wanted(0));
    if (code !== 'external-id-taken') throw new Error(`a taken external id was answered with ${code}`);
  };
  saySpan('first look-up of an external id', await measured(site, ask));
  saySpan('second look-up', await measured(site, ask));
}

/** `gallery-digest`, and `list-persons` for all buckets, as many at a time as allowed. Returns the last digest. */
export async function askForAll(site: Site): Promise<Span<BoxDigest>> {
  const { centre, box } = site;
  for (let first = 0; first < digestBuckets; first += mostBucketsAtOnce) {
    const buckets = Array.from({ length: mostBucketsAtOnce }, (_, index) => first + index);
    const name = `list-persons, buckets ${first} to ${first + mostBucketsAtOnce - 1}`;
    saySpan(name, await measured(site, () => centre.list(box, buckets)));
  }
  saySpan('gallery-digest', await measured(site, () => centre.digest(box)));
  const span = await measured(site, () => centre.digest(box));
  saySpan('gallery-digest again', span);
  return span;
}

/** How many of each kind differ: together a hundred. */
const [leaving, renamed, joining] = [33, 33, 34];

/** What a centre wants of a box that has the first `count`: some left, some have another name, some joined. */
export function wantedInstead(count: number): readonly Wanted[] {
  return [
    ...personsOf(leaving, leaving + renamed).map((person) => ({
      ...person,
      name: `${person.name} the second`,
    })),
    ...personsOf(leaving + renamed, count),
    ...personsOf(count, count + joining),
  ];
}

/** Brings a difference and proves that it is gone. */
export async function bringDifference(site: Site, persons: readonly Wanted[]): Promise<void> {
  const { centre, box } = site;
  const span = await measured(site, async () => {
    const done = await centre.sync(box, persons);
    const { digest } = await centre.digest(box);
    if (digest !== centre.digestOf(persons).digest) throw new Error('the gallery is not what it should be');
    return done;
  });
  const { erased, enrolled, buckets } = span.result;
  saySpan(`100 different: ${erased} erased, ${enrolled} enrolled, proven`, span);
  sayLine('', `in ${buckets} of ${digestBuckets} buckets`);
}

/** Asks all boxes in parallel whether they have exactly these persons. */
export async function proveAgreement(sites: readonly Site[], persons: readonly Wanted[]): Promise<void> {
  const [first] = sites;
  if (first === undefined) return;
  const { digest: target } = first.centre.digestOf(persons);
  const span = await measured(first, () => Promise.all(sites.map(({ centre, box }) => centre.digest(box))));
  if (span.result.some(({ digest }) => digest !== target)) throw new Error('the boxes do not agree');
  saySpan(`${sites.length} boxes asked in parallel, all agree`, span);
}

/** Changes a person at the box, and finds out who it was. */
export async function findChange(site: Site, persons: readonly Wanted[]): Promise<void> {
  const [changed] = persons;
  if (changed === undefined) throw new Error('there is no person to change');
  const { externalId } = changed;
  const { centre, box } = site;
  await site.process.rename({ externalId, name: 'Another name' });
  const span = await measured(site, async () => {
    const target = centre.digestOf(persons);
    const different = differentBuckets(target, await centre.digest(box));
    const known = new Set(target.entries.map(({ digest }) => digest));
    return (await centre.list(box, different)).filter(({ digest }) => !known.has(digest));
  });
  const [found, ...more] = span.result;
  if (found?.externalId !== externalId || more.length > 0) throw new Error('the change was not found');
  saySpan(`a change at one of them, found`, span);
}

/** One photograph of each person of a folder of folders; what is refused is counted. */
export async function enrolPhotographs(site: Site, folder: string): Promise<Span<void>> {
  const people = await readPeople(folder);
  const persons = await Promise.all(
    people.flatMap(({ paths: [path] }) => (path === undefined ? [] : [pictured(path)])),
  );
  const outcomes = new Map<string, number>();
  const span = await measured(site, () =>
    inWindow(persons, commandWindow, async (person) => {
      const { outcome, code = outcome } = await enrolByCommand(site.box, person);
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }),
  );
  saySpan(`${persons.length} photographs, real networks`, span);
  sayLine('', [...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(', '));
  return span;
}

/** No name of a file leaves the folder. */
async function pictured(path: string): Promise<Wanted> {
  const file = await readFile(path);
  const externalId = createHash('sha256').update(file).digest('hex').slice(0, 16);
  return { externalId, name: `Person ${externalId}`, photographs: [file] };
}
