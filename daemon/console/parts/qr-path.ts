import { generate } from 'lean-qr';
import { toSvgPath } from 'lean-qr/extras/svg';

/** The dark squares of a QR code as the path of a drawing, with the length of its side. */
export function qrPath(text: string): { readonly path: string; readonly size: number } {
  const code = generate(text);
  return { path: toSvgPath(code), size: code.size };
}
