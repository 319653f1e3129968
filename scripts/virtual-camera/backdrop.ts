import sharp from 'sharp';
import { planesOf, yuv420Of } from './planes.kernel.js';

/** A dim corridor with a door at its end, out of focus: a place without faces. Returns one yuv420p picture. */
export async function corridor(widthPx: number, heightPx: number): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}"
    viewBox="0 0 160 90" preserveAspectRatio="none">
    <defs>
      <linearGradient id="wall" x2="1"><stop stop-color="#23272c"/><stop offset="1" stop-color="#4a4f52"/></linearGradient>
      <linearGradient id="floor" x2="0" y2="1"><stop stop-color="#3c3a36"/><stop offset="1" stop-color="#1b1a19"/></linearGradient>
      <radialGradient id="lamp"><stop stop-color="#cfc8b4"/><stop offset="1" stop-color="#565956" stop-opacity="0"/></radialGradient>
    </defs>
    <rect width="160" height="90" fill="#4c5052"/>
    <polygon points="0,0 160,0 104,24 56,24" fill="#33373a"/>
    <polygon points="0,0 56,24 56,62 0,90" fill="url(#wall)"/>
    <polygon points="160,0 104,24 104,62 160,90" fill="#3a3f42"/>
    <polygon points="0,90 56,62 104,62 160,90" fill="url(#floor)"/>
    <rect x="72" y="32" width="16" height="30" fill="#5d4a38"/>
    <ellipse cx="80" cy="14" rx="34" ry="9" fill="url(#lamp)"/>
  </svg>`;
  const blur = Math.max(1, widthPx / 200);
  const { data } = await sharp(Buffer.from(svg))
    .removeAlpha()
    .blur(blur)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return yuv420Of(planesOf(data, widthPx, heightPx));
}
