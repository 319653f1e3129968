/**
 * What references from passages change: scripts/bench references --known DIR --unknown DIR. Every photograph of a person is the only
 * enrolled one in turn. Of the others, every second one stands for a passage of an earlier day; those that the box would recognise and
 * accept become references, at most `mostPassageReferences`. The rest are searched, before and after, like single views of later days,
 * and so are the photographs of strangers.
 */
import { mostPassageReferences } from '../../daemon/contract/enrolment.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import {
  type Candidate,
  type Embedding,
  type MatchPolicy,
  similarityToPerson,
} from '../../daemon/kernel/identification/match.js';
import { type PersonId, personId } from '../../daemon/kernel/ids.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { type ComparedView, doubtAbout } from '../../daemon/kernel/passages/passage-reference.js';
import { readPeople, readPhotographs } from '../../daemon/lab/labelled-collection.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { samplePhoto } from '../../daemon/vision/photo-sample.js';
import { readOptions } from '../options.js';

interface Photograph {
  readonly embedding: Embedding;
  readonly isUsable: boolean;
}

interface Person {
  readonly id: PersonId;
  readonly photographs: readonly Photograph[];
}

type References = ReadonlyMap<PersonId, readonly Omit<ComparedView, 'id'>[]>;

const { values } = readOptions('scripts/bench references', {
  options: { known: { type: 'string' }, unknown: { type: 'string' } },
});
const { known, unknown } = values;
if (known === undefined || unknown === undefined) throw new Error('give --known DIR and --unknown DIR');

await using lifetime = new Lifetime(clock);
const setup = await openReplaySetup({ configPath: undefined, cameraId: undefined, fps: undefined }, lifetime);
const policy: MatchPolicy = setup.match;

const read = async (paths: readonly string[]): Promise<readonly Photograph[]> => {
  const photographs: Photograph[] = [];
  for (const path of paths) {
    const { embedding, refusal, warnings } = await samplePhoto(path, setup.analyser);
    if (embedding === undefined) continue;
    photographs.push({ embedding, isUsable: refusal === undefined && warnings.length === 0 });
  }
  return photographs;
};
const all: Person[] = [];
for (const { name, paths } of await readPeople(known)) {
  all.push({ id: personId(name), photographs: await read(paths) });
}
const people = all.filter(({ photographs }) => photographs.length >= 3);
const strangers = await read(await readPhotographs(unknown));
const rounds = Math.max(...people.map(({ photographs }) => photographs.length));

function nearest(face: Embedding, gallery: References): readonly Candidate[] {
  return [...gallery]
    .map(([id, views]) => ({
      personId: id,
      similarity: similarityToPerson(
        face,
        views.map(({ embedding }) => embedding),
      ),
    }))
    .sort((a, b) => b.similarity - a.similarity);
}

/** The person for whom a single view is taken. */
function answer(face: Embedding, gallery: References): PersonId | undefined {
  const [best, second] = nearest(face, gallery);
  if (best === undefined || best.similarity < policy.threshold) return undefined;
  return best.similarity - (second?.similarity ?? -1) >= policy.margin ? best.personId : undefined;
}

const counts = { passages: 0, accepted: 0, wrongAccepted: 0, searches: 0, strangerSearches: 0 };
const before = { missed: 0, wrong: 0, strangers: 0 };
const after = { missed: 0, wrong: 0, strangers: 0 };

function countIn(
  into: typeof before,
  gallery: References,
  probes: ReadonlyMap<PersonId, readonly Embedding[]>,
) {
  for (const [id, faces] of probes) {
    for (const face of faces) {
      const found = answer(face, gallery);
      if (found === undefined) into.missed += 1;
      else if (found !== id) into.wrong += 1;
    }
  }
  into.strangers += strangers.filter(({ embedding }) => answer(embedding, gallery) !== undefined).length;
}

for (let round = 0; round < rounds; round += 1) {
  const enrolled = new Map<PersonId, readonly Omit<ComparedView, 'id'>[]>();
  const passages: { readonly id: PersonId; readonly photograph: Photograph }[] = [];
  const probes = new Map<PersonId, readonly Embedding[]>();
  for (const { id, photographs } of people) {
    const chosen = photographs[round % photographs.length];
    if (chosen?.isUsable !== true) continue;
    enrolled.set(id, [{ isFromPassage: false, embedding: chosen.embedding }]);
    const others = photographs.filter((each) => each !== chosen);
    passages.push(...others.filter((_, index) => index % 2 === 0).map((photograph) => ({ id, photograph })));
    probes.set(
      id,
      others.filter((_, index) => index % 2 === 1).map(({ embedding }) => embedding),
    );
  }
  const learnt = new Map(enrolled);
  for (const { id, photograph } of passages) {
    const { embedding, isUsable } = photograph;
    counts.passages += 1;
    // The box offers a passage as a reference of whom it recognised, be that right or wrong.
    const recognised = answer(embedding, learnt);
    const templates = recognised === undefined ? [] : (learnt.get(recognised) ?? []);
    if (recognised === undefined || !isUsable || templates.length > mostPassageReferences) continue;
    const others = nearest(embedding, learnt);
    if (doubtAbout(embedding, { id: recognised, templates, others }, policy) !== undefined) continue;
    counts.accepted += 1;
    if (recognised !== id) counts.wrongAccepted += 1;
    learnt.set(recognised, [...templates, { isFromPassage: true, embedding }]);
  }
  counts.searches += [...probes.values()].reduce((sum, faces) => sum + faces.length, 0);
  counts.strangerSearches += strangers.length;
  countIn(before, enrolled, probes);
  countIn(after, learnt, probes);
}

console.log(
  `${people.length} people, ${strangers.length} photographs of strangers, ${rounds} rounds, ${setup.recogniser.id}`,
);
console.log(
  `${counts.passages} passages: ${counts.accepted} accepted as references, ${counts.wrongAccepted} of them of another person`,
);
for (const [when, { missed, wrong, strangers: taken }] of Object.entries({ before, after })) {
  console.log(
    `${when}: missed ${missed} of ${counts.searches}, wrong person ${wrong} of ${counts.searches}, strangers taken for a person ${taken} of ${counts.strangerSearches}`,
  );
}
