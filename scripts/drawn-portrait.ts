import type { Random } from '../daemon/kernel/random.js';
import { seededRandom } from '../daemon/kernel/random.js';

const backgrounds = ['#cfe0ea', '#e4dccb', '#d6e4d2', '#e5d3d8', '#d9d6e8'] as const;
const skins = ['#f3d3b8', '#e5b58f', '#c98f63', '#9c653f', '#6e4429'] as const;
const hairs = ['#23201e', '#4a3222', '#7d5530', '#b98a4e', '#8c8c8c', '#a4532c'] as const;
const clothes = ['#33567a', '#7a3b3b', '#3f6b4f', '#5b4a7d', '#8a6a2f', '#3c4148'] as const;

/** Behind the head, and in front of it. The head is an ellipse around (80, 72) of 31 by 38. */
const hairCuts: readonly (readonly [behind: string, before: string])[] = [
  // Short.
  ['', 'M48 68C46 30 66 24 80 24s34 6 32 44c-5-12-8-18-12-22-14 4-30 4-40 0-4 4-8 10-12 22z'],
  // Long.
  [
    'M44 122C36 70 42 22 80 22s44 48 36 100z',
    'M49 70C50 44 62 36 86 38c16 2 24 12 25 32 6-40-12-46-31-46S44 32 49 70z',
  ],
  // In a bun.
  [
    'M66 22a15 13 0 1 1 30 0a15 13 0 1 1-30 0z',
    'M48 70C44 36 62 28 80 28s36 8 32 42c-4-16-16-24-32-24S52 54 48 70z',
  ],
  // Curls.
  [
    'M46 78a14 14 0 0 1-4-24a16 16 0 0 1 14-24a20 20 0 0 1 48 0a16 16 0 0 1 14 24a14 14 0 0 1-4 24z',
    'M50 62a10 10 0 0 1 12-14a10 10 0 0 1 18-4a10 10 0 0 1 18 4a10 10 0 0 1 12 14C108 34 96 28 80 28S52 34 50 62z',
  ],
  // Little left.
  ['', 'M48 74c-3-8-2-18 2-26 1 8 1 16 0 26zM112 74c3-8 2-18-2-26-1 8-1 16 0 26z'],
];

/** A person who does not exist: an SVG of 160 by 160 pixels. The same name gives the same face. */
export function drawnPortrait(name: string): string {
  const random = seededRandom(
    [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7),
  );
  const pick = <Item>(from: readonly Item[]): Item => from[Math.floor(random.unit() * from.length)] as Item;
  const [skin, hair, cloth] = [pick(skins), pick(hairs), pick(clothes)];
  const [behind, before] = pick(hairCuts);
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160" width="160" height="160">',
    `<rect width="160" height="160" fill="${pick(backgrounds)}"/>`,
    `<path d="${behind}" fill="${hair}"/>`,
    `<path d="M16 160c2-34 28-44 64-44s62 10 64 44z" fill="${cloth}"/>`,
    `<path d="M66 98h28v20q-14 14-28 0z" fill="${skin}"/>`,
    `<g fill="${skin}"><circle cx="48" cy="76" r="7"/><circle cx="112" cy="76" r="7"/>`,
    '<ellipse cx="80" cy="72" rx="31" ry="38"/></g>',
    features(random, hair),
    `<path d="${before}" fill="${hair}"/>`,
    '</svg>',
  ].join('');
}

/** Eyes, brows, nose, and mouth; some people have glasses or a beard. */
function features(random: Random, hair: string): string {
  const between = (least: number, most: number): number => Math.round(least + (most - least) * random.unit());
  const [eyeX, eyeY, smile] = [between(11, 14), between(68, 72), between(2, 9)];
  const sides = [80 - eyeX, 80 + eyeX];
  const beard =
    random.unit() < 0.25
      ? `<path d="M50 82c2 32 16 36 30 36s28-4 30-36c-8 12-14 14-30 14s-22-2-30-14z" fill="${hair}"/>`
      : '';
  const glasses = sides.map(
    (x) => `<circle cx="${x}" cy="${eyeY}" r="10" fill="none" stroke="#333" stroke-width="2"/>`,
  );
  return [
    beard,
    ...sides.map(
      (x) =>
        `<ellipse cx="${x}" cy="${eyeY}" rx="5" ry="3.4" fill="#fff"/><circle cx="${x}" cy="${eyeY}" r="2.8" fill="#2b2320"/>` +
        `<path d="M${x - 7} ${eyeY - 9}q7 -4 14 0" fill="none" stroke="${hair}" stroke-width="2.6" stroke-linecap="round"/>`,
    ),
    `<path d="M80 ${eyeY + 4}q-5 10 1 11" fill="none" stroke="#0004" stroke-width="2" stroke-linecap="round"/>`,
    `<path d="M70 93q10 ${smile} 20 0" fill="none" stroke="#8d3f3a" stroke-width="3" stroke-linecap="round"/>`,
    ...(random.unit() < 0.3 ? [...glasses, `<path d="M76 ${eyeY}h8" stroke="#333" stroke-width="2"/>`] : []),
  ].join('');
}
