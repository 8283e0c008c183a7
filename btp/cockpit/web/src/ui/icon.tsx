// Line icons on a grid of 16, drawn for these pages. They mean nothing to a screen
// reader: what they stand for is said beside them.

const paths = {
  logo: "M6.5 9.5l3-3M8.2 4.8l1-1a2.1 2.1 0 0 1 3 3l-1 1M7.8 11.2l-1 1a2.1 2.1 0 0 1-3-3l1-1",
  menu: "M2 4h12M2 8h12M2 12h12",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.5V8l2.5 1.5",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 3v10l8-5z",
  step: "M4 3v10l6-5zM12 3v10",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500z",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  refresh: "M13 8a5 5 0 1 1-1.500-3.600M13 2v3h-3",
  copy: "M5.500 5.500h7v8h-7zM3.500 10.500v-8h7",
  check: "M3 8.500l3.500 3.500L13 4.500",
  close: "M4 4l8 8M12 4l-8 8",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  next: "M6 4l4 4-4 4",
  add: "M8 3v10M3 8h10",
  error: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6 6l4 4M10 6l-4 4",
  warning: "M8 2.500L14.500 13.500h-13zM8 6.500v3M8 11.500h.01",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.500v3.500M8 5h.01",
  success: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.500 8.200l1.800 1.800 3.200-3.600",
  tenant: "M2.500 13.500v-9h6v9M8.500 7.500h5v6M1.500 13.500h13M5 7h1M5 10h1M11 10h.01",
  send: "M2 8l12-5.500L9.500 14 7.500 9z",
};

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={"icon icon--" + name} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
