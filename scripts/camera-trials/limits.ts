export interface Limit {
  /** What comes out in place of `works`. */
  readonly verdict: RegExp;
  readonly reason: string;
}

const ownTimes = 'the server sends times of a steady rate of its own';
const meanRate = 'the server sends times of the mean rate, and those of the clip now and then';

/** What a server does with one shape, where the box cannot know better: by the names of the shape and of the server. */
export const limits: Readonly<Record<string, Readonly<Record<string, Limit>>>> = {
  'H.264 variable rate': {
    'live555, raw stream': { verdict: /^times off/, reason: ownTimes },
    'live555, Matroska': { verdict: /^times off/, reason: ownTimes },
    VLC: { verdict: /times off/, reason: meanRate },
  },
  'H.264 high with B-frames': {
    'live555, raw stream': {
      verdict: /^1 jumps of the time stamps/,
      reason: 'the times of the first pictures are not in order: a raw stream has none',
    },
  },
  'H.264 4K, 10 fps': {
    'live555, raw stream': {
      verdict: /pictures-damaged/,
      reason: '`pictures-damaged`: the server cuts pictures of more than 100,000 bytes',
    },
  },
};
