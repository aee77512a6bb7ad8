import { type KeyboardEvent, type PointerEvent, type ReactNode, useState } from 'react';

const limits = { min: 320, max: 900, step: 40 };
/** The width that the viewer chose, for all panels until the page is loaded again. */
let chosen = 440;

const within = (width: number): number => Math.min(limits.max, Math.max(limits.min, Math.round(width)));

/** A panel next to the content of a page. It stays in view, and its edge can be moved by mouse and keyboard. */
export function ResizablePanel({ label, children }: { label: string; children: ReactNode }) {
  const [width, setWidth] = useState(chosen);
  const resize = (next: number) => {
    chosen = within(next);
    setWidth(chosen);
    document.documentElement.style.setProperty('--w-panel', `${chosen}px`);
  };
  const typed = ({ key }: KeyboardEvent) => {
    if (key === 'ArrowLeft') resize(width + limits.step);
    if (key === 'ArrowRight') resize(width - limits.step);
  };
  const dragged = (event: PointerEvent<HTMLElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(innerWidth - event.clientX);
  };
  return (
    <aside className="panel run-panel" aria-label={label}>
      {/* biome-ignore lint/a11y/useSemanticElements: an hr cannot be moved */}
      <div
        className="panel-edge"
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the panel"
        aria-valuenow={width}
        aria-valuemin={limits.min}
        aria-valuemax={limits.max}
        tabIndex={0}
        onKeyDown={typed}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={dragged}
      />
      <div className="run-panel-inner">{children}</div>
    </aside>
  );
}
