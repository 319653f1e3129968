/** Line drawings on a grid of 24, as paths. */
const paths = {
  now: 'M3 12h4l3-8 4 16 3-8h4',
  camera: 'M4 7h11a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2ZM17 11l5-3v8l-5-3',
  passage: 'M4 21V5a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v16M2 21h20M12 12v.5M20 21V9',
  timeline: 'M3 7h18M3 17h18M7 4v6M13 4v6M9 14v6M17 14v6',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c0-4 3.6-6 8-6s8 2 8 6',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2 20c0-3.5 3-5.5 7-5.5s7 2 7 5.5M16 4.3a3.5 3.5 0 0 1 0 6.4M18.5 14.8c2.2.8 3.5 2.6 3.5 5.2',
  stranger:
    'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c0-4 3.6-6 8-6M17.5 15.5a2 2 0 1 1 2.5 2c-.6.2-1 .6-1 1.2M19 21.5v.1',
  attendance:
    'M5 4h14a2 2 0 0 1 2 2v13a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2ZM3 9h18M8 2v4M16 2v4M8.5 15l2.5 2.5 4.5-4.5',
  review: 'M8 4H5v17h14V4h-3M8 2.5h8v4H8ZM8.5 14l2.5 2.5 4.5-5',
  alert: 'M12 3a6 6 0 0 1 6 6c0 5 2 6 2 8H4c0-2 2-3 2-8a6 6 0 0 1 6-6ZM10 20.5a2 2 0 0 0 4 0',
  event: 'M4 6h16M4 12h16M4 18h10',
  audit: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6ZM9 12l2 2 4-4',
  accuracy: 'M4 20V4M4 20h16M7 16l4-5 3 3 6-8',
  system: 'M4 6h9M17 6h3M4 12h3M11 12h9M4 18h11M19 18h1M15 4v4M9 10v4M17 16v4',
  users:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2 20c0-3.5 3-5.5 7-5.5 1.2 0 2.3.2 3.2.5M18 16.5v-1.2M18 21.7v-1.2M20.6 19h-1.2M16.6 19h-1.2M18 20.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z',
  role: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6Z',
  key: 'M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 11h10v3M18 11v3',
  approval: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2 20c0-3.5 3-5.5 7-5.5s7 2 7 5.5M16 10l2 2 4-4',
  gallery:
    'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3ZM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  backup: 'M3 6h18v4H3ZM5 10v10h14V10M10 14h4',
  identity: 'M4 20c4-1 5-5 7-5s1 3 3 3 3-2 6-2M14 4l4 4-8 8H6v-4Z',
  host: 'M4 4h16v7H4ZM4 13h16v7H4ZM8 7.5v.1M8 16.5v.1',
  account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c0-4 3.6-6 8-6s8 2 8 6',
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  warning: 'M12 4l9 16H3ZM12 10v4M12 17v.1',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4',
  add: 'M12 5v14M5 12h14',
  back: 'M14 6l-6 6 6 6',
  forward: 'M10 6l6 6-6 6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  eye: 'M2 12s3.5-6.5 10-6.5S22 12 22 12s-3.5 6.5-10 6.5S2 12 2 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  reload: 'M20 11a8 8 0 1 0-2.3 6.5M20 5v6h-6',
} as const;
export type IconName = keyof typeof paths;

/** A drawing beside a text that says the same: screen readers leave it out. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
