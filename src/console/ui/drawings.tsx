/** Drawings of the icons in a square of 16, in strokes of 1.5. */
export const drawings = {
  alert: (
    <>
      <path d="M8 2.500 14 13H2z" />
      <path d="M8 6.500v3M8 11.300h.01" />
    </>
  ),
  audit: (
    <>
      <path d="M4 2.500h6l2.500 2.500v8.500h-8.500zM6 7h4.500M6 10h4.500" />
    </>
  ),
  bolt: (
    <>
      <path d="M9 2 3.500 9H8l-1 5 5.500-7H8z" />
    </>
  ),
  book: (
    <>
      <path d="M8 4.5C6.5 3.3 4.5 3 2.5 3.2v9c2-.2 4 .1 5.5 1.3 1.500-1.2 3.500-1.500 5.500-1.300v-9C11.500 3 9.500 3.300 8 4.500zm0 0v9" />
    </>
  ),
  bot: (
    <>
      <rect x="3" y="5.500" width="10" height="7.500" rx="1.500" />
      <path d="M8 5.500V3M6 9h.01M10 9h.01" />
    </>
  ),
  chain: (
    <>
      <path d="M8 2 3 4v4c0 3 2 5 5 6 3-1 5-3 5-6V4zM5.500 8l2 2 3-4" />
    </>
  ),
  chart: (
    <>
      <path d="M3 13V8M8 13V3M13 13V6" />
    </>
  ),
  check: (
    <>
      <path d="m3 8.5 3.5 3.5L13 4.5" />
    </>
  ),
  chevron: (
    <>
      <path d="m6 4 4 4-4 4" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="5.500" />
      <path d="M8 5v3.200l2 1.300" />
    </>
  ),
  clockoff: (
    <>
      <circle cx="8" cy="8" r="5.500" strokeDasharray="2 2" />
      <path d="M8 5v3l2 1" />
    </>
  ),
  code: (
    <>
      <path d="m5.500 4.500-3.500 3.500 3.500 3.500M10.500 4.500 14 8l-3.500 3.500" />
    </>
  ),
  copy: (
    <>
      <rect x="5.500" y="5.500" width="8" height="8" rx="1.500" />
      <path d="M10.500 5.500v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2" />
    </>
  ),
  down: (
    <>
      <path d="m4 6 4 4 4-4" />
    </>
  ),
  upward: (
    <>
      <path d="m4 10 4-4 4 4" />
    </>
  ),
  escal: (
    <>
      <path d="M3 13V9h4V5.500h4V2.500M8.500 4.500l2.500-2.500 2.500 2.500" />
    </>
  ),
  export: (
    <>
      <path d="M8 2.500v7M5 7l3 3 3-3M3 13h10" />
    </>
  ),
  flow: (
    <>
      <rect x="2" y="2.5" width="4.5" height="4" rx="1" />
      <rect x="9.5" y="9.5" width="4.5" height="4" rx="1" />
      <path d="M4.2 6.5v3a2 2 0 0 0 2 2h3.3" />
    </>
  ),
  gate: (
    <>
      <path d="M3 13.500v-9l2 1 3-2.500 3 2.500 2-1v9M6 13.500v-3a2 2 0 0 1 4 0v3" />
    </>
  ),
  group: (
    <>
      <circle cx="6" cy="5.500" r="2.300" />
      <path d="M1.800 13c.400-2.500 2-3.700 4.200-3.700s3.800 1.200 4.200 3.700M10.500 3.400a2.300 2.300 0 0 1 0 4.200M11.800 9.700c1.400.500 2.200 1.600 2.400 3.300" />
    </>
  ),
  home: (
    <>
      <path d="M2.5 7.5 8 3l5.5 4.5V13h-4V9.5h-3V13h-4z" />
    </>
  ),
  key: (
    <>
      <circle cx="5.500" cy="10.500" r="2.500" />
      <path d="m7.300 8.700 5.700-5.700M10.500 5.500l2 2" />
    </>
  ),
  link: (
    <>
      <path d="M6.500 9.500 9.500 6.500M7.500 4.500 9 3a2.800 2.800 0 0 1 4 4l-1.500 1.500M8.500 11.500 7 13a2.800 2.800 0 0 1-4-4l1.500-1.500" />
    </>
  ),
  lock: (
    <>
      <rect x="3.500" y="7" width="9" height="6.500" rx="1.500" />
      <path d="M5.500 7V5a2.500 2.500 0 0 1 5 0v2" />
    </>
  ),
  logs: (
    <>
      <path d="M3 4h10M3 8h7M3 12h9" />
    </>
  ),
  menu: (
    <>
      <path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" />
    </>
  ),
  minus: (
    <>
      <path d="M3 8h10" />
    </>
  ),
  moon: (
    <>
      <path d="M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z" />
    </>
  ),
  more: (
    <>
      <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2.4" />
    </>
  ),
  ns: (
    <>
      <path d="M2.5 4.5a1 1 0 0 1 1-1H6l1.5 1.5h5a1 1 0 0 1 1 1V12a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1z" />
    </>
  ),
  play: (
    <>
      <path d="M5 3.5v9l7-4.5z" />
    </>
  ),
  plus: (
    <>
      <path d="M8 3v10M3 8h10" />
    </>
  ),
  policy: (
    <>
      <path d="M8 2v12M3 5h10M3 5 1.500 9.500h3zM13 5l-1.500 4.500h3zM5.500 14h5" />
    </>
  ),
  refuse: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M4 12 12 4" />
    </>
  ),
  restart: (
    <>
      <path d="M13 8a5 5 0 1 1-1.500-3.500L13 6M13 2.500V6H9.500" />
    </>
  ),
  role: (
    <>
      <path d="M8 2 3 4v4c0 3 2 5 5 6 3-1 5-3 5-6V4z" />
    </>
  ),
  save: (
    <>
      <path d="M4 2.500h8v11L8 10.500l-4 3z" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.5 10.5 3 3" />
    </>
  ),
  server: (
    <>
      <rect x="2.500" y="3" width="11" height="4" rx="1" />
      <rect x="2.500" y="9" width="11" height="4" rx="1" />
      <path d="M5 5h.01M5 11h.01" />
    </>
  ),
  'st-breakpoint': (
    <>
      <circle cx="8" cy="8" r="6" />
      <circle cx="8" cy="8" r="2.500" fill="currentColor" stroke="none" />
    </>
  ),
  'st-cancelled': (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M4 12 12 4" />
    </>
  ),
  'st-created': (
    <>
      <circle cx="8" cy="8" r="6" strokeDasharray="2.300 2.400" />
    </>
  ),
  'st-failed': (
    <>
      <path d="M5.500 2h5L14 5.500v5L10.500 14h-5L2 10.500v-5z" />
      <path d="m6 6 4 4M10 6l-4 4" />
    </>
  ),
  'st-killed': (
    <>
      <circle cx="8" cy="8" r="6" />
      <rect x="5.800" y="5.800" width="4.400" height="4.400" fill="currentColor" stroke="none" />
    </>
  ),
  'st-killing': (
    <>
      <path d="M8 2a6 6 0 1 1-5.800 4.500" />
      <rect x="5.800" y="5.800" width="4.400" height="4.400" fill="currentColor" stroke="none" />
    </>
  ),
  'st-paused': (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M6.400 6v4M9.600 6v4" />
    </>
  ),
  'st-queued': (
    <>
      <path d="M4.500 2.500h7M4.500 13.500h7M5.500 2.500c0 3 5 5 5 11M10.500 2.500c0 3-5 5-5 11" />
    </>
  ),
  'st-restarted': (
    <>
      <path d="M2.500 8A5.500 5.500 0 1 0 4 4.200L2.500 6M2.500 2.500V6H6" />
      <path d="M6.900 6v4l3-2z" fill="currentColor" stroke="none" />
    </>
  ),
  'st-resubmitted': (
    <>
      <path d="M2.500 8A5.500 5.500 0 1 0 4 4.200L2.500 6M2.500 2.500V6H6M8 10.300V6M6.300 7.600 8 6l1.700 1.600" />
    </>
  ),
  'st-retried': (
    <>
      <path d="M13.500 8A5.500 5.500 0 1 1 12 4.200L13.500 6M13.500 2.500V6H10M6.400 6.400l3.200 3.200M9.600 6.400 6.400 9.600" />
    </>
  ),
  'st-retrying': (
    <>
      <path d="M13.500 8A5.500 5.500 0 1 1 12 4.200L13.500 6M13.500 2.500V6H10" />
    </>
  ),
  'st-running': (
    <>
      <path d="M8 2a6 6 0 1 1-5.800 4.500" />
      <path d="M6.700 5.800v4.400l3.600-2.200z" fill="currentColor" stroke="none" />
    </>
  ),
  'st-skipped': (
    <>
      <path d="m3 4.500 4 3.500-4 3.500zM8 4.500l4 3.500-4 3.500zM13.500 4.500v7" />
    </>
  ),
  'st-submitted': (
    <>
      <circle cx="8" cy="8" r="6" strokeDasharray="2.300 2.400" />
      <path d="M8 10.500v-5M6 7.300l2-2 2 2" />
    </>
  ),
  'st-success': (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="m5.300 8.200 2 2 3.500-4" />
    </>
  ),
  'st-warning': (
    <>
      <path d="M8 2.300 14.200 13H1.800z" />
      <path d="M8 6.500v3M8 11.200h.01" />
    </>
  ),
  tag: (
    <>
      <path d="M2.500 7.500v-5h5l6 6-5 5zM5.300 5.300h.01" />
    </>
  ),
  tasks: (
    <>
      <rect x="2.5" y="2.5" width="11" height="11" rx="2" />
      <path d="m5.5 8 2 2 3-4" />
    </>
  ),
  tenant: (
    <>
      <path d="M3 13.500V3h6v10.500M9 7h4v6.500M2 13.500h12M5.300 5.500h1.400M5.300 8h1.400M5.300 10.500h1.400" />
    </>
  ),
  undo: (
    <>
      <path d="M5.500 3 2.500 6l3 3M2.500 6H10a3.500 3.500 0 0 1 0 7H6" />
    </>
  ),
  up: (
    <>
      <path d="M8 13V3M4 7l4-4 4 4" />
    </>
  ),
  updown: (
    <>
      <path d="m5 6 3-3 3 3M5 10l3 3 3-3" />
    </>
  ),
  user: (
    <>
      <circle cx="8" cy="5.500" r="2.500" />
      <path d="M3 13.500c.500-2.700 2.500-4 5-4s4.500 1.300 5 4" />
    </>
  ),
  why: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M6.300 6.200a1.800 1.800 0 1 1 2.600 1.700c-.600.300-.900.700-.900 1.300M8 11.500h.01" />
    </>
  ),
  x: (
    <>
      <path d="m4 4 8 8M12 4l-8 8" />
    </>
  ),
  bookmark: (
    <>
      <path d="M4 2.500h8v11L8 10.500l-4 3z" />
    </>
  ),
  mail: (
    <>
      <rect x="2" y="3.500" width="12" height="9" rx="1.500" />
      <path d="m2.500 4.500 5.500 4.500 5.500-4.500" />
    </>
  ),
  pause: (
    <>
      <path d="M5.500 3.500v9M10.500 3.500v9" />
    </>
  ),
  screen: (
    <>
      <rect x="2" y="3" width="12" height="8" rx="1.500" />
      <path d="M6 13.500h4M8 11v2.500" />
    </>
  ),
  live: (
    <>
      <circle cx="8" cy="8" r="3.500" fill="currentColor" stroke="none" />
    </>
  ),
  leave: (
    <>
      <path d="M6.500 2.500h-3v11h3M6.500 8H14M11 5l3 3-3 3" />
    </>
  ),
  sun: (
    <>
      <circle cx="8" cy="8" r="2.800" />
      <path d="M8 1.800v1.400M8 12.800v1.400M1.800 8h1.400M12.800 8h1.400M3.600 3.600l1 1M11.400 11.400l1 1M3.600 12.400l1-1M11.400 4.600l1-1" />
    </>
  ),
} as const;
export type IconName = keyof typeof drawings;
