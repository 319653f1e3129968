export interface Limit {
  /** What comes out in place of `works`. */
  readonly verdict: RegExp;
  readonly reason: string;
}

const ownTimes = 'the server sends times of a steady rate of its own';
const notThoseOfTheClip = 'some times differ from those of the clip';

/** What a server does with one shape, where the box cannot know better: by the names of the shape and of the server. */
export const limits: Readonly<Record<string, Readonly<Record<string, Limit>>>> = {
  'H.264 variable rate': {
    'live555, raw stream': { verdict: /^times off/, reason: ownTimes },
    'live555, Matroska': { verdict: /^times off/, reason: ownTimes },
    VLC: { verdict: /^times off/, reason: notThoseOfTheClip },
  },
  'H.264 4K, 10 fps': {
    'live555, raw stream': {
      verdict: /pictures-damaged/,
      reason: '`pictures-damaged`: the server cuts pictures of more than 100,000 bytes',
    },
    VLC: { verdict: /times off/, reason: notThoseOfTheClip },
  },
};
