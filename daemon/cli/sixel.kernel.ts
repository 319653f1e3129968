/** Rows that one line of sixels shows. */
const bandRows = 6;
/** A sixel is a character: this one and the six bits of its rows. */
const noRows = 63;
/** Shorter runs take no fewer characters as a run. */
const shortestRun = 4;

const esc = '\x1b';

/**
 * A picture as sixels, the graphics of DEC terminals. `rgb` holds three bytes for each pixel and at most 256 colours: sixels name
 * colours by number.
 */
export function encodeSixel(rgb: Uint8Array, widthPx: number, heightPx: number): string {
  const { numbers, colours } = colourNumbers(rgb, widthPx * heightPx);
  const palette = colours.map((colour, number) => `#${number};2;${percentages(colour)}`);
  const bands: string[] = [];
  for (let top = 0; top < heightPx; top += bandRows) {
    bands.push(encodeBand(numbers, widthPx, top, Math.min(bandRows, heightPx - top)));
  }
  // Pixels are square (1;1), and what is not drawn stays as it is.
  const start = `${esc}P0;1;0q"1;1;${widthPx};${heightPx}`;
  return `${start}${palette.join('')}${bands.join('-')}${esc}\\`;
}

function colourNumbers(rgb: Uint8Array, count: number) {
  const numbers = new Uint16Array(count);
  const known = new Map<number, number>();
  for (let pixel = 0; pixel < count; pixel++) {
    const at = 3 * pixel;
    const colour = (rgb[at]! << 16) | (rgb[at + 1]! << 8) | rgb[at + 2]!;
    let number = known.get(colour);
    if (number === undefined) {
      number = known.size;
      known.set(colour, number);
    }
    numbers[pixel] = number;
  }
  return { numbers, colours: [...known.keys()] };
}

/** Red, green and blue in percent. */
function percentages(colour: number): string {
  return [16, 8, 0].map((shift) => Math.round((((colour >> shift) & 0xff) * 100) / 255)).join(';');
}

/** Draws the rows colour by colour, each from the left edge. */
function encodeBand(numbers: Uint16Array, widthPx: number, top: number, rows: number): string {
  const byColour = new Map<number, Uint8Array>();
  for (let row = 0; row < rows; row++) {
    const start = (top + row) * widthPx;
    for (let x = 0; x < widthPx; x++) {
      const number = numbers[start + x]!;
      let sixels = byColour.get(number);
      if (sixels === undefined) {
        sixels = new Uint8Array(widthPx);
        byColour.set(number, sixels);
      }
      sixels[x] = sixels[x]! | (1 << row);
    }
  }
  return [...byColour].map(([number, sixels]) => `#${number}${runs(sixels)}`).join('$');
}

function runs(sixels: Uint8Array): string {
  let text = '';
  for (let x = 0; x < sixels.length; ) {
    const sixel = sixels[x]!;
    let end = x + 1;
    while (end < sixels.length && sixels[end] === sixel) end++;
    // What is left of the line is empty.
    if (sixel === 0 && end === sixels.length) break;
    const character = String.fromCharCode(noRows + sixel);
    const length = end - x;
    text += length < shortestRun ? character.repeat(length) : `!${length}${character}`;
    x = end;
  }
  return text;
}
