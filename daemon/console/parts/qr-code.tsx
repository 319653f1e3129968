import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

interface QrCodeProps {
  readonly text: string;
  /** What it leads to. */
  readonly label: string;
}

/** A QR code, drawn in this browser: what it says may be a secret. Black on white in both themes, with the quiet zone. */
export function QrCode({ text, label }: QrCodeProps) {
  const drawn = useSignal<{ readonly path: string; readonly size: number } | undefined>(undefined);
  useEffect(() => {
    let isOver = false;
    void import('./qr-path.js').then(({ qrPath }) => {
      if (!isOver) drawn.value = qrPath(text);
    });
    return () => {
      isOver = true;
    };
  }, [text]);
  if (drawn.value === undefined) return <div class="qr" />;
  const { path, size } = drawn.value;
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`-4 -4 ${size + 8} ${size + 8}`}>
      <path d={path} />
    </svg>
  );
}
