import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { wantedFpir } from '../contract/settings/core-schema.js';
import { type Config, configSchema } from '../contract/settings/schema.js';
import { recogniserName } from '../contract/settings/vision-schema.js';
import { largestPhotographMiB } from '../contract/vision/vision-orders.js';
import { decodeEmbedding } from '../contract/vision/vision-sighting.js';
import { recognisersOfGallery } from '../core/gallery/recognisers-of-gallery.js';
import type { ModelPack } from '../host/models/model-manifest.js';
import type { RecogniserInterface } from '../host/models/onnx-interface.js';
import { readWhole, removeOwnNetwork, stageOwnNetwork } from '../host/models/own-recogniser.js';
import type { ModelStore, PackStatus } from '../host/models/store.js';
import { openPinoLogger } from '../host/pino-logger.js';
import { systemClock as clock } from '../host/system-clock.js';
import { counted } from '../kernel/counted.js';
import { badInput, type RollcallError } from '../kernel/errors.js';
import type { LabelledPerson } from '../kernel/identification/identification-trial.js';
import type { Embedding } from '../kernel/identification/match.js';
import {
  bestSeparations,
  doesSeparate,
  fewestPeople,
  fewestPhotographs,
  largestEqualErrorRate,
  leastDecidability,
  type MeasuredPoint,
  measurePoint,
  type Separation,
  separationOf,
} from '../kernel/identification/separation.js';
import { present } from '../kernel/present.js';
import { table } from '../kernel/text-table.js';
import { describedInterface, type Preparation, preparations } from '../vision/inference/preparation.js';
import { isVersionOf } from '../vision/inference/recogniser-contract.js';
import { type LoneVision, loneUser, startLoneVision } from '../vision/lone-process.js';
import { openVisionLauncher } from '../vision/open-vision-launcher.js';
import { photoPlan } from '../vision/plan.js';
import { fallbackRecogniser, preferredRecogniser } from '../vision/recogniser-in-use.js';
import { readPeople } from './labelled-collection.js';

/** All preparations are tried with this many people at most, and three photographs of each: every way takes its time. */
const mostPeopleToChoose = 20;
/** Preparations that are compared with all photographs: two scalings in both orders of the colours. */
const mostContenders = 4;
/** A target that is switched off asks for no strangers in particular: the default of the configuration counts. */
const usualTarget = 0.01;
/**
 * The margin of `mobilefacenet`, a network of the same family with the same scale: two enrolled people must differ by this much. The
 * measured rates include it.
 */
const margin = 0.05;
/** A recogniser that misses more of its own measurement is of no use at any site. */
const largestFnir = 0.5;
/** One photograph with a large network, prepared in ten ways, takes seconds. */
const timeoutMs = 300_000;

/** How one way of preparing the input separated the photographs. */
interface TriedPreparation {
  readonly preparation: string;
  readonly isChosen: boolean;
  /** With a few photographs; absent where the network gave no usable numbers. */
  readonly few?: Separation;
  /** With all photographs; only of the best preparations. */
  readonly all?: Separation;
}

export interface AddedRecogniser {
  readonly id: string;
  readonly interface: RecogniserInterface;
  readonly tried: readonly TriedPreparation[];
  readonly point: MeasuredPoint;
  readonly margin: number;
  readonly targetFpir: number;
  /** Photographs that enrolment would refuse, with the reason. */
  readonly leftOut: readonly { readonly photograph: string; readonly reason: string }[];
  readonly status: PackStatus;
}

interface AddOptions {
  readonly file: string;
  readonly name: string;
  readonly known: string;
  readonly store: ModelStore;
  readonly config: Config | undefined;
  readonly onProgress: (done: number, total: number, step: string) => void;
}

/**
 * Adds a network of the owner, if it is a recogniser and photographs of people prove it. The network runs in a vision process only.
 * @throws `own-network-name`, `own-network-exists`, `own-network-unfit`, `own-file-exposed`, `too-few-photographs`,
 * `own-network-does-not-separate`
 */
export async function addRecogniser(options: AddOptions): Promise<AddedRecogniser> {
  const { file, known, store, config: given } = options;
  const id = ownId(options.name);
  if ([...store.own, ...store.unusableOwn].some((own) => own.id === id)) {
    throw badInput('own-network-exists', `a network named ${id} is already on this machine`, {
      remedy: `Choose another name, or remove it first: 'rollcall models remove ${id}'.`,
    });
  }
  const config = given ?? configSchema.parse({ site: { id: 'models', timeZone: 'UTC' } });
  const people = (await readPeople(known)).filter(({ paths }) => paths.length >= fewestPhotographs);
  if (people.length < fewestPeople) throw tooFew(known, people.length);
  const bytes = await readWhole(file);
  await using staged = await stageOwnNetwork(store.importDirectory, id, bytes);
  const { path, sha256 } = staged;
  // The faces are found as the box finds them; this recogniser is loaded, but not asked.
  const isReady = (await store.status(preferredRecogniser)).state === 'ready';
  const plan = photoPlan(config, isReady ? preferredRecogniser : fallbackRecogniser);
  const logger = openPinoLogger({ level: 'warn', clock });
  const launcher = await openVisionLauncher(config.vision.isolation, loneUser());
  const lone = {
    launcher,
    readable: [path],
    purpose: 'photographs',
    logger,
    task: 'try the network',
    timeoutMs,
  } as const;
  await using vision = startLoneVision(plan, lone);
  const opened = await vision.ask('own-network', { type: 'open-own-network', request: 0, path, sha256 });
  if (opened.result.outcome === 'refused') {
    const { code, message, remedy } = opened.result;
    throw badInput(code, message, { remedy });
  }
  const { outcome: _, ...found } = opened.result;
  const measured = await measureNetwork(vision, found.output.dimensions, people, { ...options, config });
  const { chosen, point, targetFpir, leftOut } = measured;
  await staged.install({
    ...{ id, role: 'recogniser', title: `${options.name}, added by the owner`, source: { kind: 'own' } },
    ...{ file: `${id}.onnx`, sha256, sizeBytes: bytes.length },
    licence: { name: 'see its publisher', origin: `${basename(file)}, added by the owner` },
    ...describedInterface(found, chosen.preparation),
    thresholds: thresholdsOf(point, targetFpir, chosen),
  });
  await store.readOwn();
  const status = await store.status(id, { isFresh: true });
  return { id, interface: found, tried: chosen.tried, point, margin, targetFpir, leftOut, status };
}

/** What photographs of people show about a network. */
interface MeasuredNetwork extends Pick<AddedRecogniser, 'point' | 'targetFpir' | 'leftOut'> {
  readonly chosen: ChosenPreparation;
}

/**
 * Finds the preparation and the operating point of a network that a vision process has opened.
 * @throws `own-network-unfit`, `too-few-photographs`, `own-network-does-not-separate`
 */
export async function measureNetwork(
  vision: Pick<LoneVision, 'ask'>,
  dimensions: number,
  people: readonly Photographed[],
  { known, config, onProgress }: Pick<AddOptions, 'known' | 'onProgress'> & { readonly config: Config },
): Promise<MeasuredNetwork> {
  const trial = new Trial(vision, dimensions, onProgress);
  const chosen = await choose(trial, people, known);
  const targetFpir = wantedFpir(config.identification) ?? usualTarget;
  const point = measurePoint(chosen.sampled, { targetFpir, margin });
  if (point.rates.fnir > largestFnir) throw missesTooMany(point);
  return { chosen, point, targetFpir, leftOut: trial.leftOut };
}

/** The operating point as the description states it, with the counts that it rests on. */
export function thresholdsOf(
  { threshold, people, matedSearches, nonMatedSearches, rates }: MeasuredPoint,
  targetFpir: number,
  { sampled, separation }: ChosenPreparation,
): ModelPack['thresholds'] {
  const on = new Date(clock.wallMs()).toISOString().slice(0, 10);
  const photographs = sampled.reduce((sum, { samples }) => sum + samples.length, 0);
  const origin = [
    `measured on ${on} for an FPIR of ${targetFpir} with ${photographs} photos of ${people} people`,
    `FPIR ${share(rates.fpir)} in ${nonMatedSearches} searches of people who were left out`,
    `FNIR ${share(rates.fnir)} in ${matedSearches} searches of enrolled people`,
    `decidability ${separation.decidability.toFixed(2)}, equal error rate ${share(separation.equalErrorRate)} in ${separation.genuine + separation.impostor} comparisons`,
  ].join('; ');
  return [
    { name: 'threshold', value: threshold, scale: cosine, origin },
    { name: 'margin', value: margin, scale: 'difference of two such cosines', origin: marginOrigin },
  ];
}

const cosine = 'cosine of unit-length means over a face and its mirror image, -1..1, higher = closer';
const marginOrigin = 'that of mobilefacenet, a network of the same family; the rates above include it';

const share = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** `own-site` for `site` and for `own-site`. @throws `own-network-name` */
export function ownId(name: string): string {
  const id = name.startsWith('own-') ? name : `own-${name}`;
  if (recogniserName.safeParse(id).success && id.length <= 40) return id;
  throw badInput('own-network-name', `${name} cannot be the name of a network`, {
    remedy: 'Use at most 36 lower-case letters and digits, with single hyphens between them.',
  });
}

interface Photographed {
  readonly name: string;
  readonly paths: readonly string[];
}

/** The usable photographs of a person: for each, its embedding for each way that was asked for. */
interface TriedPerson {
  readonly name: string;
  readonly photographs: readonly (readonly (Embedding | undefined)[])[];
}

interface TakeOptions {
  /** Numbers of preparations. */
  readonly ways: number[];
  readonly step: string;
  readonly mostPeople?: number;
  readonly mostPhotographs?: number;
}

/** Runs photographs through the network, and remembers what it gave for each: none is read twice for the same preparations. */
class Trial {
  readonly #vision: Pick<LoneVision, 'ask'>;
  readonly #dimensions: number;
  readonly #tell: AddOptions['onProgress'];
  readonly #leftOut = new Map<string, string>();
  /** By photograph: its embeddings, by the number of the preparation. */
  readonly #embedded = new Map<string, ReadonlyMap<number, Embedding | undefined>>();
  #requests = 0;

  constructor(vision: Pick<LoneVision, 'ask'>, dimensions: number, tell: AddOptions['onProgress']) {
    this.#vision = vision;
    this.#dimensions = dimensions;
    this.#tell = tell;
  }

  get leftOut(): readonly { readonly photograph: string; readonly reason: string }[] {
    return [...this.#leftOut].map(([photograph, reason]) => ({ photograph, reason }));
  }

  /**
   * The embeddings of usable photographs, prepared in each of `ways`, of people who have enough. Takes people and photographs
   * in their order, until there are enough.
   */
  async take(
    people: readonly Photographed[],
    { ways, step, mostPeople = people.length, mostPhotographs = Number.POSITIVE_INFINITY }: TakeOptions,
  ): Promise<readonly TriedPerson[]> {
    const found: TriedPerson[] = [];
    for (const [done, { name, paths }] of people.entries()) {
      if (found.length === mostPeople) break;
      const photographs: TriedPerson['photographs'][number][] = [];
      for (const path of paths) {
        if (photographs.length === mostPhotographs) break;
        const embeddings = await this.#embed(path, ways);
        if (embeddings !== undefined) photographs.push(embeddings);
      }
      if (photographs.length >= fewestPhotographs) found.push({ name, photographs });
      this.#tell(done + 1, people.length, step);
    }
    return found;
  }

  async #embed(path: string, ways: number[]): Promise<readonly (Embedding | undefined)[] | undefined> {
    if (this.#leftOut.has(path)) return undefined;
    const known = this.#embedded.get(path);
    if (known !== undefined && ways.every((way) => known.has(way))) return ways.map((way) => known.get(way));
    if ((await stat(path)).size > largestPhotographMiB * 1024 * 1024) {
      this.#leftOut.set(path, `larger than ${largestPhotographMiB} MiB`);
      return undefined;
    }
    const photograph = await readFile(path);
    this.#requests += 1;
    const order = { type: 'try-own-network', request: this.#requests, preparations: ways } as const;
    const { result } = await this.#vision.ask('own-network-tried', order, photograph);
    if (result.refusal !== null) {
      this.#leftOut.set(path, result.refusal);
      return undefined;
    }
    const embeddings = result.embeddings.map((text) => (text === null ? undefined : decodeEmbedding(text)));
    const isComplete =
      embeddings.length === ways.length &&
      embeddings.every((embedding) => embedding === undefined || embedding.length === this.#dimensions);
    if (isComplete) {
      this.#embedded.set(path, new Map(ways.map((way, index) => [way, embeddings[index]])));
      return embeddings;
    }
    throw badInput('own-network-unfit', 'the embeddings of the network differ from what its file declares', {
      remedy: 'Export the network again.',
    });
  }
}

/** How the input is prepared, and the photographs that were prepared like this. */
interface ChosenPreparation {
  readonly preparation: Preparation;
  /** With all photographs. */
  readonly separation: Separation;
  readonly tried: readonly TriedPreparation[];
  readonly sampled: readonly LabelledPerson[];
}

/**
 * Finds the preparation: first all of them with a few photographs, then the best with all, because the order of the colours makes
 * little difference.
 * @throws `too-few-photographs`, `own-network-does-not-separate`
 */
async function choose(
  trial: Trial,
  people: readonly Photographed[],
  known: string,
): Promise<ChosenPreparation> {
  const all = preparations.map((_, way) => way);
  const few = { mostPeople: mostPeopleToChoose, mostPhotographs: fewestPhotographs };
  const first = await trial.take(people, { ways: all, step: 'trying preparations', ...few });
  if (first.length < fewestPeople) throw tooFew(known, first.length, trial.leftOut);
  const withFew = all.map((way) => separationFor(first, way));
  const withAll = new Map<number, Separation | undefined>();
  const contenders = bestSeparations(withFew, mostContenders);
  const tried = (chosen: number | undefined): readonly TriedPreparation[] =>
    preparations.map(({ title }, way) => ({
      ...{ preparation: title, isChosen: way === chosen },
      ...present({ few: withFew[way], all: withAll.get(way) }),
    }));
  const [best] = contenders;
  const reached = best === undefined ? undefined : withFew[best];
  if (reached === undefined || !doesSeparate(reached)) throw doesNotSeparate(tried(best));
  const sampled = await trial.take(people, { ways: [...contenders], step: 'measuring' });
  for (const [index, way] of contenders.entries()) withAll.set(way, separationFor(sampled, index));
  const [place = 0] = bestSeparations([...withAll.values()], 1);
  const chosen = contenders[place] ?? 0;
  const [preparation, separation] = [preparations[chosen], withAll.get(chosen)];
  if (preparation === undefined || separation === undefined || !doesSeparate(separation))
    throw doesNotSeparate(tried(chosen));
  const samples = sampled.map(({ name, photographs }) => ({
    name,
    samples: photographs.map((ways) => ({ embedding: ways[place], isEnrollable: true })),
  }));
  return { preparation, separation, tried: tried(chosen), sampled: samples };
}

const separationFor = (people: readonly TriedPerson[], index: number): Separation | undefined =>
  separationOf(people.map(({ photographs }) => photographs.map((ways) => ways[index])));

function tooFew(
  known: string,
  usable: number,
  leftOut: readonly { readonly reason: string }[] = [],
): RollcallError {
  const counts = new Map<string, number>();
  for (const { reason } of leftOut) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${reason}: ${count}`).join(', ');
  const why = reasons === '' ? '' : `. Photos that were left out: ${reasons}`;
  return badInput(
    'too-few-photographs',
    `${known} has ${counted(usable, 'person', 'people')} with ${fewestPhotographs} usable photos; ${fewestPeople} are needed to judge a network${why}`,
    {
      remedy: `Give at least ${fewestPeople} folders with ${fewestPhotographs} photos each that enrolment would accept; more people make the measurement more reliable.`,
    },
  );
}

function doesNotSeparate(tried: readonly TriedPreparation[]): RollcallError {
  const best = tried.find(({ isChosen }) => isChosen);
  const separation = best?.all ?? best?.few;
  const reached =
    best === undefined || separation === undefined
      ? 'it gave no usable numbers'
      : `the best preparation (${best.preparation}) reaches a decidability of ${separation.decidability.toFixed(2)} and an equal error rate of ${share(separation.equalErrorRate)}`;
  return badInput(
    'own-network-does-not-separate',
    `the network does not tell the people apart: ${reached}; ${leastDecidability} and at most ${share(largestEqualErrorRate)} are needed`,
    {
      remedy:
        'Check that each folder shows one person, and that the network is a face recogniser for faces aligned by five points in 112x112.',
      details: { tried },
    },
  );
}

/** Deletes an own network that nothing uses. @throws `pack-unknown`, `own-network-in-use`, `gallery-unreadable` */
export async function removeRecogniser(
  name: string,
  store: ModelStore,
  config: Config | undefined,
): Promise<string> {
  const id = ownId(name);
  const isThere = [...store.own, ...store.unusableOwn].some((own) => own.id === id);
  if (!isThere) {
    const known = store.own.map((own) => own.id).join(', ');
    throw badInput('pack-unknown', `none of your own networks is named ${id}`, {
      remedy: known === '' ? 'Add one with rollcall models add-recogniser.' : `Name one of: ${known}.`,
    });
  }
  const inUse = (what: string, remedy: string) =>
    badInput('own-network-in-use', `${id} is in use: ${what}`, { remedy });
  if (config?.vision.recogniser === id)
    throw inUse('vision.recogniser names it', 'Configure another recogniser and restart rollcalld first.');
  const made = config === undefined ? [] : recognisersOfGallery(config.gallery.path);
  if (made.some((recogniser) => isVersionOf(recogniser, id)))
    throw inUse(
      'the gallery holds its templates',
      "Move the gallery to another recogniser first: 'rollcall gallery re-embed --to NAME'.",
    );
  await removeOwnNetwork(store.importDirectory, id);
  await store.readOwn();
  return id;
}

function missesTooMany({ threshold, rates }: MeasuredPoint): RollcallError {
  return badInput(
    'own-network-does-not-separate',
    `the network does not tell the people apart: with the threshold ${threshold}, which unknown people need, it misses ${share(rates.fnir)} of the searches; at most ${share(largestFnir)} are allowed`,
    { remedy: 'Check that no person has two folders, and that each folder shows one person.' },
  );
}

/** What was tried and measured, for people. EER: equal error rate. */
export function describeAdded(added: AddedRecogniser): string {
  const { id, tried, point, targetFpir, leftOut } = added;
  const { layout } = added.interface.input;
  const interval = ([low, high]: readonly [number, number]): string => `${share(low)} to ${share(high)}`;
  const { fpir, fpirInterval, fnir, fnirInterval } = point.rates;
  return [
    `${id}: ${layout}, ${added.interface.output.dimensions} values`,
    table(
      ['', 'preparation', 'decidability, few', 'EER', 'decidability, all', 'EER'],
      tried.map(({ preparation, isChosen, few, all }) => [
        ...[isChosen ? '*' : '', preparation],
        ...[few, all].flatMap((found) => [
          found?.decidability.toFixed(2) ?? '-',
          found === undefined ? '-' : share(found.equalErrorRate),
        ]),
      ]),
    ),
    `threshold ${point.threshold} for an FPIR of ${share(targetFpir)}, margin ${added.margin}`,
    `  ${counted(point.people, 'person', 'people')}, ${counted(point.references, 'photo')} of each enrolled`,
    `  FPIR ${share(fpir)} (${interval(fpirInterval)}) in ${counted(point.nonMatedSearches, 'search', 'searches')} of people who were left out`,
    `  FNIR ${share(fnir)} (${interval(fnirInterval)}) in ${counted(point.matedSearches, 'search', 'searches')} of enrolled people`,
    ...leftOut.map(({ photograph, reason }) => `left out ${basename(photograph)}: ${reason}`),
  ].join('\n');
}
